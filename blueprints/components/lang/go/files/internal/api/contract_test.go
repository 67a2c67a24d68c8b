package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

const contractPath = "../../api/openapi.yaml"

type object = map[string]any

// contract is api/openapi.yaml with its schemas compiled.
type contract struct {
	document object
	compiler *jsonschema.Compiler
}

func readContract(t *testing.T) contract {
	t.Helper()
	text, err := os.ReadFile(contractPath)
	if err != nil {
		t.Fatal(err)
	}
	var document object
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	// The schemas' compiler wants the types that JSON decodes to.
	asJSON, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	resource, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("openapi.json", resource); err != nil {
		t.Fatal(err)
	}
	return contract{document, compiler}
}

// at walks down the document; a reference on the way is followed.
func (c contract) at(from any, keys ...string) any {
	for _, key := range keys {
		from = from.(object)[key]
		reference, ok := from.(object)["$ref"].(string)
		if ok && !strings.HasPrefix(reference, "#/components/schemas/") {
			from = c.at(c.document, strings.Split(strings.TrimPrefix(reference, "#/"), "/")...)
		}
	}
	return from
}

// operations returns all operations by "METHOD /path".
func (c contract) operations() map[string]object {
	operations := map[string]object{}
	for path, item := range c.document["paths"].(object) {
		for key, operation := range item.(object) {
			if key != "parameters" {
				operations[strings.ToUpper(key)+" "+path] = operation.(object)
			}
		}
	}
	return operations
}

// concrete puts the parameters' examples into a path.
func (c contract) concrete(path string) string {
	parameters, _ := c.document["paths"].(object)[path].(object)["parameters"].([]any)
	for _, parameter := range parameters {
		resolved := c.at(object{"parameter": parameter}, "parameter").(object)
		path = strings.ReplaceAll(path, "{"+resolved["name"].(string)+"}", resolved["example"].(string))
	}
	return path
}

// check fails the test if the contract does not know an operation's response.
func (c contract) check(t *testing.T, operation string, response *httptest.ResponseRecorder) {
	t.Helper()
	responses := c.operations()[operation]["responses"].(object)
	status := strconv.Itoa(response.Code)
	if responses[status] == nil {
		if response.Code < http.StatusBadRequest {
			t.Fatalf("%s answered %s, which the contract does not know", operation, status)
		}
		status = "default"
	}
	mediaType, _, err := mime.ParseMediaType(response.Header().Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	content := c.at(responses, status, "content").(object)
	if content[mediaType] == nil {
		t.Fatalf("%s answered %s as %s, which the contract does not know", operation, status, mediaType)
	}

	schema, err := c.compiler.Compile("openapi.json" + c.at(content, mediaType, "schema").(object)["$ref"].(string))
	if err != nil {
		t.Fatal(err)
	}
	body, err := jsonschema.UnmarshalJSON(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(body); err != nil {
		t.Errorf("%s answered %s with a body that is not the contract's: %v", operation, status, err)
	}
	if mediaType == problemType && body.(object)["status"] != json.Number(strconv.Itoa(response.Code)) {
		t.Errorf("the problem says %v, the status line %d", body.(object)["status"], response.Code)
	}
}

func TestRoutesAreThoseOfTheContract(t *testing.T) {
	var served []string
	for _, route := range Routes() {
		served = append(served, route.Method+" "+route.Path)
	}
	slices.Sort(served)
	if described := slices.Sorted(maps.Keys(readContract(t).operations())); !slices.Equal(served, described) {
		t.Errorf("the code serves\n%q, %s describes\n%q", served, contractPath, described)
	}
}

func TestExamplesOfTheContractWork(t *testing.T) {
	c := readContract(t)
	handler, _ := testAPI(t)
	for name, operation := range c.operations() {
		method, path, _ := strings.Cut(name, " ")
		bodies := []any{nil}
		if operation["requestBody"] != nil {
			examples := c.at(operation, "requestBody", "content", jsonType, "examples").(object)
			bodies = bodies[:0]
			for _, example := range examples {
				bodies = append(bodies, example.(object)["value"])
			}
		}
		for _, body := range bodies {
			text, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			response := call(t, handler, method, c.concrete(path), string(text))
			if response.Code >= http.StatusBadRequest {
				t.Errorf("%s with %s answered %d: %s", name, text, response.Code, response.Body)
			}
			c.check(t, name, response)
		}
	}
}

func TestExamplesOfResponsesMatchTheirSchemas(t *testing.T) {
	c := readContract(t)
	for name, operation := range c.operations() {
		for status := range operation["responses"].(object) {
			for _, content := range c.at(operation, "responses", status, "content").(object) {
				examples, _ := content.(object)["examples"].(object)
				schema, err := c.compiler.Compile("openapi.json" + c.at(content, "schema").(object)["$ref"].(string))
				if err != nil {
					t.Fatal(err)
				}
				for key, example := range examples {
					if err := schema.Validate(example.(object)["value"]); err != nil {
						t.Errorf("%s: example %s of %s: %v", name, key, status, err)
					}
				}
			}
		}
	}
}
