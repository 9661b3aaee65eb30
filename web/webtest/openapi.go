package webtest

import (
	"encoding/json"
	"slices"
	"strings"
)

// Schema is a JSON schema of an OpenAPI document, as far as wrong values are made from it.
type Schema struct {
	Ref        string `json:"$ref"`
	Type       any
	Enum       []any
	Examples   []any
	Properties map[string]Schema
	Required   []string
	Items      *Schema
	Format     string

	Description string
}

// Operation is one operation of an OpenAPI document.
type Operation struct {
	OperationID string
	Parameters  []struct {
		Name, In string
		Required bool
		Schema   Schema
	}
	Security    []map[string][]string
	RequestBody *struct {
		Required bool
		Content  map[string]struct {
			Schema  Schema
			Example any
		}
	}
}

// OpenAPI is an OpenAPI document.
type OpenAPI struct {
	Paths      map[string]map[string]Operation
	Components struct{ Schemas map[string]Schema }
}

// Canary is part of whatever is wrong, and should be of no answer.
const Canary = "canary7f3e"

// Resolve follows a reference.
func (d OpenAPI) Resolve(s Schema) Schema {
	for s.Ref != "" {
		s = d.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
	}
	return s
}

// Base is a small value that a schema allows: the example, if there is one.
func (d OpenAPI) Base(s Schema, example any) any {
	s = d.Resolve(s)
	switch {
	case example != nil:
		return example
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	kind := s.Type
	if several, ok := kind.([]any); ok && len(several) > 0 {
		kind = several[0]
	}
	switch kind {
	case "object":
		o := map[string]any{}
		for _, name := range s.Required {
			o[name] = d.Base(s.Properties[name], nil)
		}
		return o
	case "array":
		return []any{}
	case "boolean":
		return true
	case "integer", "number":
		return 1
	}
	return "x"
}

// Wrong are values that a schema does not allow, in words.
func (s Schema) Wrong() map[string]any {
	types, list := []any{s.Type}, map[string]any{}
	if several, ok := s.Type.([]any); ok {
		types = several
	}
	if s.Type == nil {
		return nil // anything goes
	}
	for kind, v := range map[string]any{"string": Canary, "number": 7.5, "boolean": true, "array": []any{Canary}, "object": map[string]any{Canary: Canary}} {
		if !slices.Contains(types, any(kind)) {
			list["a "+kind] = v
		}
	}
	if slices.Contains(types, any("string")) {
		list["very long"], list["with a NUL"] = Canary+strings.Repeat("x", 120_000), Canary+"\x00"
		if len(s.Enum) > 0 || s.Format == "uuid" {
			list["an unknown word"] = Canary
		}
	}
	if slices.Contains(types, any("integer")) || slices.Contains(types, any("number")) {
		list["huge"], list["beyond all numbers"] = 1e300, json.RawMessage("1e999")
	}
	return list
}
