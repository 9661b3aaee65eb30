package document

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/tepin/tepin"
)

// SetVariables returns the document with other values for the variables of the given
// names, as [Document.With] takes them. Only the bytes of these values change, and a
// checkSum, which they make stale, goes; order, spacing and unknown keys stay.
func SetVariables(raw []byte, values map[string]any) ([]byte, error) {
	r, err := scan(raw)
	if err != nil {
		return nil, err
	}
	if len(values) == 0 {
		return raw, nil
	}
	root := r.root()
	r.unit = root.lengthUnit()
	d := &Document{variables: root.variables()}
	if r.err != nil {
		return nil, r.err
	}
	var stored []value
	for v := range root.get("variables").elements() {
		stored = append(stored, v)
	}
	e := edits{raw: raw}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		i, err := d.variableNamed(name)
		if err != nil {
			return nil, err
		}
		x := &d.variables[i]
		if err := x.set(values[name]); err != nil {
			return nil, err
		}
		e.variable(stored[i], x)
	}
	e.change(root, "checkSum")
	return e.apply(), nil
}

// NewProject makes the document of a project from that of a template: its properties
// name the template. Everything else stays as it is, but for a checkSum, which goes.
func NewProject(templateRaw []byte, templateID string) ([]byte, error) {
	r, err := scan(templateRaw)
	if err != nil {
		return nil, err
	}
	root := r.root()
	if !root.is(object) {
		return nil, &tepin.Error{Kind: tepin.Invalid, Path: "$", Message: "expected an object, found " + root.token().kind.String()}
	}
	e := edits{raw: templateRaw}
	id := quote(templateID)
	if p := root.member("properties"); p.is(object) {
		e.change(p, "", member{"type", []byte(`"project"`)}, member{"templateId", id})
		e.change(root, "checkSum")
	} else {
		text := slices.Concat([]byte(`{"type":"project","templateId":`), id, []byte(`}`))
		e.change(root, "checkSum", member{"properties", text})
	}
	return e.apply(), nil
}

// edits collects replacements of byte ranges. No two of them overlap.
type edits struct {
	raw  []byte
	list []edit
}

type edit struct {
	start, end uint32
	text       []byte
}

// member is a name with the JSON text of its value.
type member struct {
	name string
	text []byte
}

// variable writes a variable's value where its type stores it.
func (e *edits) variable(v value, x *variable) {
	text := []byte("null")
	switch {
	case x.kind == "list":
		e.item(v, x)
		return
	case x.kind == "image":
		e.image(v, x)
		return
	case x.kind == "shortText" || x.kind == "longText":
		text = quote(x.text)
	case x.kind == "boolean":
		text = strconv.AppendBool(nil, x.flag)
	case x.kind == "date" && x.date != "":
		text = quote(x.date)
	case x.kind == "number" && x.number != nil:
		text = strconv.AppendFloat(nil, *x.number, 'f', -1, 64)
	}
	e.change(v, "", member{"value", text})
}

// item stores a list's choice in the form that its items have.
func (e *edits) item(v value, x *variable) {
	name := "selected"
	if !v.member("selected").present() && v.member("value").present() {
		name = "value"
	}
	chosen, i := []byte("null"), 0
	for item := range v.get("items").elements() {
		if i == x.chosen {
			chosen = item.bytes()
		}
		i++
	}
	e.change(v, "", member{name, chosen})
}

// image stores the asset in the variable's value, keeping its connector and context.
func (e *edits) image(v value, x *variable) {
	asset, connector := quote(x.image.asset), x.image.connector
	switch current := v.member("value"); {
	case current.is(str):
		e.change(v, "", member{"value", asset})
	case current.is(object):
		set, stale := []member{{"assetId", asset}}, ""
		if connector != "" {
			set = append(set, member{"connectorId", quote(connector)})
		}
		if x.image.mediaID == "" {
			stale = "resolved"
		}
		e.change(current, stale, set...)
	default:
		if connector == "" {
			connector = defaultMediaConnector
		}
		e.change(v, "", member{"value", slices.Concat([]byte(`{"connectorId":`), quote(connector), []byte(`,"assetId":`), asset, []byte(`,"context":{}}`))})
	}
}

// defaultMediaConnector is the connector that every document has by itself.
const defaultMediaConnector = "grafx-media"

// member returns the member of this name that counts, null or not.
func (v value) member(name string) value {
	found := value{v.r, -1}
	for key := range v.keys() {
		if key.equals(name) {
			found.i = key.i + 1
		}
	}
	return found
}

// change takes all members named drop (none for the empty name) out of an object and
// sets the others: in their places, or, new ones, at the object's end.
func (e *edits) change(v value, drop string, set ...member) {
	keys := slices.Collect(v.keys())
	left := e.remove(v.r, keys, drop)
	end := v.token().end - 1
	for _, m := range set {
		if old := v.member(m.name); old.present() {
			t := old.token()
			e.list = append(e.list, edit{t.start, t.end, m.text})
			continue
		}
		text := slices.Concat(quote(m.name), []byte(":"), m.text)
		if left > 0 {
			text = slices.Concat([]byte(","), text)
		}
		e.list = append(e.list, edit{end, end, text})
		left++
	}
}

// remove cuts the members of this name out and returns how many others stay. A
// member goes with the comma behind it, at the object's end with the one before.
func (e *edits) remove(r *reader, keys []value, name string) (left int) {
	valueEnd := func(i int) uint32 { return r.tokens[keys[i].i+1].end }
	for i := 0; i < len(keys); i++ {
		if name == "" || !keys[i].equals(name) {
			left++
			continue
		}
		first := i
		for i+1 < len(keys) && keys[i+1].equals(name) {
			i++
		}
		cut := edit{start: keys[first].token().start, end: valueEnd(i)}
		switch {
		case i+1 < len(keys):
			cut.end = keys[i+1].token().start
		case first > 0:
			cut.start = valueEnd(first - 1)
		}
		e.list = append(e.list, cut)
	}
	return left
}

// apply returns the text with all edits made; those at the same place in the order in
// which they came.
func (e *edits) apply() []byte {
	slices.SortStableFunc(e.list, func(a, b edit) int { return int(a.start) - int(b.start) })
	out := make([]byte, 0, len(e.raw)+256)
	at := uint32(0)
	for _, c := range e.list {
		out = append(append(out, e.raw[at:c.start]...), c.text...)
		at = c.end
	}
	return append(out, e.raw[at:]...)
}

// quote writes a JSON string, with no more escapes than it needs.
func quote(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return []byte(`""`) // strings always encode
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
