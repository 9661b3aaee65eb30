package document

import (
	"encoding/json"
	"path"
	"strings"
)

// connector is one of a document's connectors: where it is in the environment, and what it
// is to be called with.
type connector struct {
	source   string // id of the environment's connector; empty = it is not one of those
	options  map[string]any
	mappings []mapping
}

// mapping gives a connector's context a value, or that of a variable.
type mapping struct {
	name     string
	value    any
	variable string // id; empty = value counts
}

// maxMappings bounds what the mappings of a connector are read of.
const maxMappings = 1_000

// connectors reads the list of connectors by their ids. In old documents the source is flat,
// or an address that ends in the id.
func (v value) connectors() map[string]connector {
	v.atMost(maxMappings, "connectors")
	all := map[string]connector{}
	for each := range v.elements() {
		src := each.get("source")
		if !src.is(object) {
			src = each
		}
		var c connector
		if src.get("source").says("grafx") {
			c.source = src.get("id").id()
			if url := src.get("url").string(); url != "" {
				c.source = path.Base(url)
			}
		}
		if o := each.get("options"); o.is(object) {
			_ = json.Unmarshal(o.bytes(), &c.options) // it was scanned: it is JSON
		}
		mappings := each.get("mappings")
		mappings.atMost(maxMappings, "mappings")
		for m := range mappings.elements() {
			if !m.get("direction").says("connectorToEngine") {
				c.mappings = append(c.mappings, m.mapping())
			}
		}
		all[each.get("id").id()] = c
	}
	return all
}

// says reports whether a value is this text.
func (v value) says(s string) bool { return v.is(str) && v.equals(s) }

func (v value) mapping() mapping {
	m := mapping{name: v.get("name").string()}
	given := v.get("value")
	if !given.present() {
		return m
	}
	_ = json.Unmarshal(given.bytes(), &m.value) // likewise
	if text, ok := m.value.(string); ok {
		if id, isVar := strings.CutPrefix(text, "var."); isVar || v.get("type").says("var") {
			m.variable = id
		}
	}
	return m
}

// link says where an asset of one of the document's connectors is to be had. What depends
// on variables is part of its key: another value may give another picture.
func (r *resolution) link(a *Asset) {
	c, ok := r.doc.connectors[a.Connector]
	if !ok || c.source == "" {
		return
	}
	a.Source = c.source
	context := map[string]any{}
	for name, v := range c.options {
		context[name] = v
	}
	for _, m := range c.mappings {
		v := m.value
		if m.variable != "" {
			x := r.variables[m.variable]
			if x == nil {
				continue
			}
			v = x.plain()
		}
		context[m.name] = v
	}
	for name, v := range context {
		switch v.(type) {
		case string, bool, float64:
		default:
			delete(context, name)
		}
	}
	if len(context) == 0 {
		return
	}
	raw, err := json.Marshal(context)
	if err != nil {
		return // texts, numbers and booleans always are JSON
	}
	a.Context = string(raw)
	if len(c.mappings) > 0 {
		a.Key += "::" + a.Context
	}
}

// plain is a variable's value as connectors get it.
func (x *variable) plain() any {
	switch x.kind {
	case "boolean":
		return x.flag
	case "number":
		if x.number != nil {
			return *x.number
		}
		return nil
	case "date":
		return x.date
	case "image":
		return x.image.asset
	case "list":
		if x.chosen >= 0 && x.chosen < len(x.items) {
			return x.items[x.chosen].Value
		}
		return nil
	}
	return x.text
}
