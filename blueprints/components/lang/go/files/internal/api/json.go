package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

const (
	jsonType    = "application/json"
	problemType = "application/problem+json"
)

// problem is an error response: problem details as in RFC 9457.
type problem struct {
	Type   string       `json:"type"`
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Detail string       `json:"detail,omitempty"`
	Errors []fieldError `json:"errors,omitempty"`
}

type fieldError struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

func writeProblem(w http.ResponseWriter, p problem) {
	write(w, p.Status, problemType, encode(p))
}

func writeJSON(w http.ResponseWriter, value any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // Only a type that JSON can't express: a bug, which recoverPanic reports.
	}
	write(w, http.StatusOK, jsonType, body.String())
}

func write(w http.ResponseWriter, status int, mediaType, body string) {
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // The caller may have gone; there is nobody left to tell.
}

// encode completes a problem: about:blank says that the status explains it, and then the title is the status's.
func encode(p problem) string {
	p.Type = "about:blank"
	p.Title = http.StatusText(p.Status)
	body, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return string(body) + "\n"
}

// decode reads a JSON body into value and returns the problem with it, if any.
func decode(r *http.Request, value any) *problem {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != jsonType {
		return &problem{Status: http.StatusUnsupportedMediaType, Detail: "Send the body as " + jsonType + "."}
	}

	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	err = decoder.Decode(value)
	if err == nil {
		// One value only: whatever follows it was not meant to be ignored.
		if _, err = decoder.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = errors.New("more than one JSON value")
		}
	}

	var (
		tooLarge  *http.MaxBytesError
		wrongType *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &tooLarge):
		return &problem{
			Status: http.StatusRequestEntityTooLarge,
			Detail: fmt.Sprintf("Send at most %d bytes.", tooLarge.Limit),
		}
	case errors.As(err, &wrongType):
		pointer := ""
		if wrongType.Field != "" {
			pointer = "/" + strings.ReplaceAll(wrongType.Field, ".", "/")
		}
		return invalid(fieldError{Pointer: pointer, Detail: "must not be a JSON " + wrongType.Value})
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		// encoding/json has no type for this error. The field's name is the caller's, so it's not repeated.
		return invalid(fieldError{Pointer: "", Detail: "has a field that the schema does not know"})
	default:
		return &problem{Status: http.StatusBadRequest, Detail: "The body is not JSON."}
	}
}

func invalid(errs ...fieldError) *problem {
	return &problem{
		Status: http.StatusUnprocessableEntity,
		Detail: "The body does not match its schema.",
		Errors: errs,
	}
}
