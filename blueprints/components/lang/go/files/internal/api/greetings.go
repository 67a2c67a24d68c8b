package api

import (
	"net/http"
	"strings"
	"unicode/utf8"
)

const (
	placeholder   = "{name}"
	maxNameLength = 80
)

var templates = map[string]string{
	"de": "Hallo, {name}!",
	"en": "Hello, {name}!",
	"es": "¡Hola, {name}!",
	"fr": "Bonjour, {name} !",
	"ja": "こんにちは、{name}さん。",
}

type greetingRequest struct {
	Language string `json:"language"`
	Name     string `json:"name"`
}

type greeting struct {
	Language string `json:"language"`
	Message  string `json:"message"`
}

type greetingTemplate struct {
	Language string `json:"language"`
	Template string `json:"template"`
}

func composeGreeting(w http.ResponseWriter, r *http.Request) {
	var request greetingRequest
	if p := decode(r, &request); p != nil {
		writeProblem(w, *p)
		return
	}

	var errs []fieldError
	template, found := templates[request.Language]
	if !found {
		errs = append(errs, fieldError{"/language", "must be a language that there is a greeting in"})
	}
	if length := utf8.RuneCountInString(request.Name); length < 1 || length > maxNameLength {
		errs = append(errs, fieldError{"/name", "must have 1 to 80 characters"})
	}
	if len(errs) > 0 {
		writeProblem(w, *invalid(errs...))
		return
	}

	message := strings.Replace(template, placeholder, request.Name, 1)
	writeJSON(w, greeting{Language: request.Language, Message: message})
}

func getGreeting(w http.ResponseWriter, r *http.Request) {
	language := r.PathValue("language")
	template, found := templates[language]
	if !found {
		writeProblem(w, problem{Status: http.StatusNotFound, Detail: "There is no greeting in this language."})
		return
	}
	writeJSON(w, greetingTemplate{Language: language, Template: template})
}
