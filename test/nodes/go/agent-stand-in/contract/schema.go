package contract

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"
)

// schema is what the contract uses of JSON Schema, draft 7. A keyword that is not here is refused when the schema is parsed: no rule is skipped.
type schema struct {
	Schema               string             `json:"$schema"`
	Title                string             `json:"title"`
	Description          string             `json:"description"`
	Type                 string             `json:"type"`
	Const                any                `json:"const"`
	Enum                 []any              `json:"enum"`
	Pattern              string             `json:"pattern"`
	MinLength            *int               `json:"minLength"`
	MaxLength            *int               `json:"maxLength"`
	Minimum              *float64           `json:"minimum"`
	Maximum              *float64           `json:"maximum"`
	MinItems             *int               `json:"minItems"`
	Items                *schema            `json:"items"`
	Properties           map[string]*schema `json:"properties"`
	Required             []string           `json:"required"`
	PropertyNames        *schema            `json:"propertyNames"`
	AdditionalProperties additional         `json:"additionalProperties"`
	OneOf                []*schema          `json:"oneOf"`

	pattern *regexp.Regexp
}

// additional is false, or the schema of members that have no name of their own.
type additional struct{ of *schema }

func (a *additional) UnmarshalJSON(text []byte) error {
	if string(text) == "false" {
		return nil
	}
	var err error
	a.of, err = parseSchema(text)
	return err
}

func parseSchema(text []byte) (*schema, error) {
	var parsed schema
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&parsed); err != nil {
		return nil, err
	}
	return &parsed, parsed.compile()
}

func (s *schema) compile() error {
	if s.Type == "" && s.OneOf == nil {
		return fmt.Errorf("a schema without a type is not understood")
	}
	inner := append([]*schema{}, s.OneOf...)
	for _, one := range s.Properties {
		inner = append(inner, one)
	}
	for _, one := range []*schema{s.Items, s.PropertyNames} {
		if one != nil {
			inner = append(inner, one)
		}
	}
	for _, one := range inner {
		if err := one.compile(); err != nil {
			return err
		}
	}
	var err error
	s.pattern, err = regexp.Compile(s.Pattern)
	return err
}

func (s *schema) check(path string, value any) *fault {
	if s.OneOf != nil {
		return s.chosen(path, value)
	}
	if s.Const != nil && !reflect.DeepEqual(s.Const, value) {
		return &fault{path, fmt.Sprintf("must be %v", s.Const)}
	}
	if s.Enum != nil && !contains(s.Enum, value) {
		return &fault{path, fmt.Sprintf("must be one of %v", s.Enum)}
	}
	wrong := &fault{path, "must be of type " + s.Type}
	switch s.Type {
	case "boolean":
		if _, ok := value.(bool); !ok {
			return wrong
		}
	case "integer", "number":
		number, ok := value.(float64)
		if !ok || (s.Type == "integer" && number != math.Trunc(number)) {
			return wrong
		}
		if (s.Minimum != nil && number < *s.Minimum) || (s.Maximum != nil && number > *s.Maximum) {
			return &fault{path, "is too small or too great"}
		}
	case "string":
		text, ok := value.(string)
		if !ok {
			return wrong
		}
		length := utf8.RuneCountInString(text)
		if (s.MinLength != nil && length < *s.MinLength) || (s.MaxLength != nil && length > *s.MaxLength) {
			return &fault{path, "is too short or too long"}
		}
		if !s.pattern.MatchString(text) {
			return &fault{path, "must match " + s.Pattern}
		}
	case "array":
		items, ok := value.([]any)
		if !ok {
			return wrong
		}
		if s.MinItems != nil && len(items) < *s.MinItems {
			return &fault{path, "has too few entries"}
		}
		for index, item := range items {
			if found := s.Items.check(fmt.Sprintf("%s[%d]", path, index), item); found != nil {
				return found
			}
		}
	case "object":
		members, ok := value.(map[string]any)
		if !ok {
			return wrong
		}
		return s.checkMembers(path, members)
	default:
		return &fault{path, "is of a type that is not understood: " + s.Type}
	}
	return nil
}

// checkMembers looks for unknown names first: the one that is missing may be one of them, misspelt.
func (s *schema) checkMembers(path string, members map[string]any) *fault {
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if _, known := s.Properties[name]; known {
			continue
		}
		at := member(path, name)
		if s.AdditionalProperties.of == nil {
			return &fault{at, "is not known"}
		}
		if s.PropertyNames != nil {
			if found := s.PropertyNames.check(at, name); found != nil {
				return found
			}
		}
		if found := s.AdditionalProperties.of.check(at, members[name]); found != nil {
			return found
		}
	}
	for _, name := range s.Required {
		if _, there := members[name]; !there {
			return &fault{member(path, name), "is missing"}
		}
	}
	for _, name := range names {
		if known := s.Properties[name]; known != nil {
			if found := known.check(member(path, name), members[name]); found != nil {
				return found
			}
		}
	}
	return nil
}

// chosen goes by the one member that tells the kinds of a value apart.
func (s *schema) chosen(path string, value any) *fault {
	members, ok := value.(map[string]any)
	if !ok {
		return &fault{path, "must be of type object"}
	}
	for _, one := range s.OneOf {
		if kind, there := one.Properties["kind"]; there && kind.Const != nil && kind.Const == members["kind"] {
			return one.check(path, value)
		}
	}
	return &fault{member(path, "kind"), "is none of the kinds that there are"}
}

func contains(values []any, wanted any) bool {
	for _, value := range values {
		if reflect.DeepEqual(value, wanted) {
			return true
		}
	}
	return false
}
