package contract

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// fault is what is wrong, and where: secrets[0].source.
type fault struct{ path, problem string }

var wholeNumber = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,14})$`)

// checkJSON refuses JSON in which readers may see different things, as contract/strict-json.ts does.
func checkJSON(text []byte) *fault {
	if !json.Valid(text) || !utf8.Valid(text) {
		return &fault{"", "is not JSON"}
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	found := checkValue(decoder, "")
	if found == nil && decoder.InputOffset() < int64(len(strings.TrimRight(string(text), " \t\r\n"))) {
		return &fault{"", "is not JSON"}
	}
	return found
}

func checkValue(decoder *json.Decoder, path string) *fault {
	token, err := decoder.Token()
	if err != nil {
		return &fault{path, "is not JSON"}
	}
	switch value := token.(type) {
	case json.Number:
		if !wholeNumber.MatchString(value.String()) {
			return &fault{path, "must be a whole number of at most 15 digits, written as such"}
		}
	case string:
		return checkText(path, value)
	case json.Delim:
		if value == '{' {
			return checkMembers(decoder, path)
		}
		for index := 0; decoder.More(); index++ {
			if found := checkValue(decoder, fmt.Sprintf("%s[%d]", path, index)); found != nil {
				return found
			}
		}
		return end(decoder, path)
	}
	return nil
}

func checkMembers(decoder *json.Decoder, path string) *fault {
	names := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return &fault{path, "is not JSON"}
		}
		name := token.(string)
		at := member(path, name)
		if found := checkText(at, name); found != nil {
			return found
		}
		folded := strings.ToLower(name)
		if names[folded] {
			return &fault{at, "is there twice, perhaps in another case"}
		}
		names[folded] = true
		if folded == "__proto__" {
			return &fault{at, "is not known: JavaScript keeps that name for itself"}
		}
		if found := checkValue(decoder, at); found != nil {
			return found
		}
	}
	return end(decoder, path)
}

func end(decoder *json.Decoder, path string) *fault {
	if _, err := decoder.Token(); err != nil && err != io.EOF {
		return &fault{path, "is not JSON"}
	}
	return nil
}

// checkText refuses what Go puts in place of half a character.
func checkText(path, text string) *fault {
	if strings.ContainsRune(text, utf8.RuneError) {
		return &fault{path, "holds half a character"}
	}
	return nil
}

func member(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
