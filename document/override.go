package document

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// With returns the document with other values for the variables of the given names.
// Values are what a JSON decoder gives: a string for texts, dates (yyyy-MM-dd), lists
// (an item's value) and images (an asset's id or name); a number, also as a string,
// for numbers; true or false for booleans; nil empties a variable. An error says
// which variable is wrong and what it takes.
func (d *Document) With(values map[string]any) (*Document, error) {
	if len(values) == 0 {
		return d, nil
	}
	other := *d
	other.variables = slices.Clone(d.variables)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		i, err := d.variableNamed(name)
		if err != nil {
			return nil, err
		}
		if err := other.variables[i].set(values[name]); err != nil {
			return nil, err
		}
	}
	return &other, nil
}

// variableNamed returns the index of the variable with this name.
func (d *Document) variableNamed(name string) (int, error) {
	i := slices.IndexFunc(d.variables, func(x variable) bool { return x.name == name })
	if i >= 0 {
		return i, nil
	}
	var names []string
	for _, x := range d.variables {
		names = append(names, strconv.Quote(x.name))
	}
	const shown = 20
	if len(names) > shown {
		names = append(names[:shown], "…")
	}
	if len(names) == 0 {
		return 0, tepin.Errorf(tepin.Invalid, "there is no variable %q; the document has no variables", name)
	}
	return 0, tepin.Errorf(tepin.Invalid, "there is no variable %q; the document has %s", name, strings.Join(names, ", "))
}

// set gives the variable another value, if it is one that the variable takes.
func (x *variable) set(value any) error {
	var problem string
	if s, ok := value.(string); ok {
		value = strings.ToValidUTF8(s, "\ufffd")
	}
	switch x.kind {
	case "shortText", "longText":
		problem = x.setText(value)
	case "number":
		problem = x.setNumber(value)
	case "boolean":
		problem = x.setBool(value)
	case "list":
		problem = x.setItem(value)
	case "date":
		problem = x.setDate(value)
	case "image":
		problem = x.setImage(value)
	default:
		problem = "cannot be set"
	}
	if problem != "" {
		return tepin.Errorf(tepin.Invalid, "variable %q (%s) %s", x.name, x.kind, problem)
	}
	return nil
}

// asNumber accepts the numbers that JSON decoders and Go programs make.
func asNumber(value any) (float64, bool) {
	switch n := value.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}

// found describes a value that was not expected.
func found(value any) string {
	switch s := value.(type) {
	case nil:
		return "null"
	case string:
		if r := []rune(s); len(r) > 40 {
			s = string(r[:40]) + "…"
		}
		return strconv.Quote(s)
	case bool:
		return strconv.FormatBool(s)
	case map[string]any:
		return "an object"
	case []any:
		return "an array"
	}
	if _, ok := asNumber(value); ok {
		return fmt.Sprint(value)
	}
	return "something else"
}

func (x *variable) setText(value any) string {
	if n, ok := asNumber(value); ok {
		value = strconv.FormatFloat(n, 'f', -1, 64)
	}
	text, ok := value.(string)
	switch {
	case value == nil:
		x.text = ""
	case !ok:
		return "takes a string, found " + found(value)
	case len(text) > MaxText:
		return fmt.Sprintf("takes at most %d bytes, found %d", MaxText, len(text))
	case x.kind == "shortText":
		x.text = oneLine(text)
	default:
		x.text = text
	}
	return ""
}

func (x *variable) setNumber(value any) string {
	if value == nil || value == "" {
		x.number = nil
		return ""
	}
	n, ok := asNumber(value)
	if s, is := value.(string); is {
		parsed, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		n, ok = parsed, err == nil
	}
	switch {
	case !ok || math.IsNaN(n) || math.Abs(n) > 1e15:
		return "takes a number such as 12.5, found " + found(value)
	case x.numbers.min != nil && n < *x.numbers.min:
		return fmt.Sprintf("takes no number below %v, found %v", *x.numbers.min, n)
	case x.numbers.max != nil && n > *x.numbers.max:
		return fmt.Sprintf("takes no number above %v, found %v", *x.numbers.max, n)
	}
	x.number = &n
	return ""
}

func (x *variable) setBool(value any) string {
	switch s, _ := value.(string); {
	case value == nil:
		x.flag = false
	case value == true || strings.EqualFold(s, "true"):
		x.flag = true
	case value == false || strings.EqualFold(s, "false"):
		x.flag = false
	default:
		return "takes true or false, found " + found(value)
	}
	return ""
}

func (x *variable) setItem(value any) string {
	if object, ok := value.(map[string]any); ok {
		value = object["value"]
	}
	if value == nil {
		x.chosen = -1
		return ""
	}
	if n, ok := asNumber(value); ok {
		value = strconv.FormatFloat(n, 'f', -1, 64)
	}
	text, ok := value.(string)
	i := -1
	if ok {
		i = x.find(text)
	}
	if i < 0 {
		var items []string
		for _, item := range x.items[:min(len(x.items), 20)] {
			items = append(items, strconv.Quote(item.Value))
		}
		return fmt.Sprintf("takes one of %s, found %s", strings.Join(items, ", "), found(value))
	}
	x.chosen = i
	return ""
}

func (x *variable) setDate(value any) string {
	text, ok := value.(string)
	if value == nil || ok && text == "" {
		x.date = ""
		return ""
	}
	day, err := time.Parse(time.DateOnly, text)
	switch {
	case err != nil:
		return "takes a date as yyyy-MM-dd, found " + found(value)
	case x.dates.from != "" && text < x.dates.from:
		return fmt.Sprintf("takes no date before %s, found %s", x.dates.from, text)
	case x.dates.to != "" && text > x.dates.to:
		return fmt.Sprintf("takes no date after %s, found %s", x.dates.to, text)
	case slices.Contains(x.dates.excluded, strings.ToLower(day.Weekday().String())):
		return fmt.Sprintf("takes no %s, found %s", day.Weekday(), text)
	}
	x.date = text
	return ""
}

func (x *variable) setImage(value any) string {
	if object, ok := value.(map[string]any); ok {
		if connector, ok := object["connectorId"].(string); ok {
			x.image.connector = connector
		}
		value = object["assetId"]
	}
	asset, ok := value.(string)
	if value != nil && !ok || len(asset) > 1024 {
		return "takes an asset's id or name, found " + found(value)
	}
	if asset != x.image.asset {
		x.image.asset, x.image.mediaID = asset, ""
	}
	return ""
}
