package document

import (
	"cmp"

	"github.com/tepin/tepin/render/color"
)

// kit is a document's brand kit: what its frames refer to by id.
type kit struct {
	colors     map[string]color.Color
	gradients  map[string]color.Color // the first colour of each
	paragraphs map[string]style
	characters map[string]style
	names      map[string]string // character style's name → id
	fonts      map[string]font   // by font key
	fallback   string            // key of the font for text that names none
	media      map[string]media  // by name
}

// font is one style of a family.
type font struct {
	connector string
	id        string // of the font style in the environment
	family    string
	style     string
}

// media is an asset of a connector.
type media struct{ connector, asset string }

func (v value) kit() kit {
	k := kit{
		colors: map[string]color.Color{}, gradients: map[string]color.Color{},
		paragraphs: map[string]style{}, characters: map[string]style{}, names: map[string]string{},
		fonts: map[string]font{}, media: map[string]media{},
	}
	list := func(names ...string) value {
		all := v.get(names...)
		all.atMost(MaxStyles, names[0])
		return all
	}
	for c := range list("colors").elements() {
		if ink := c.get("color").color(); ink != nil {
			k.colors[c.needID("id")] = *ink
		}
	}
	for g := range list("gradients").elements() {
		if u := g.get("gradient").firstColor(); u != nil {
			if ink := k.ink(u); ink != nil {
				k.gradients[g.needID("id")] = *ink
			}
		}
	}
	for s := range list("paragraphStyles").elements() {
		k.paragraphs[s.needID("id")] = s.style()
	}
	for s := range list("characterStyles").elements() {
		id := s.needID("id")
		k.characters[id] = s.style()
		k.names[s.get("name").string()] = id
	}
	for f := range list("fontFamilies").elements() {
		f.fontFamily(&k)
	}
	for m := range list("media").elements() {
		k.media[m.get("name").string()] = media{m.get("remoteConnectorId", "connectorId").id(), m.get("assetId").id()}
	}
	return k
}

func (family value) fontFamily(k *kit) {
	styles := family.get("fontStyles")
	styles.atMost(MaxStyles, "font styles")
	if len(k.fonts) > MaxStyles {
		family.failf("more than %d font styles", MaxStyles)
	}
	for s := range styles.elements() {
		key := s.needID("id")
		f := font{
			connector: cmp.Or(s.get("connectorId").id(), family.get("connectorId").id()),
			id:        s.get("fontStyleId").id(),
			family:    family.get("name").string(),
			style:     s.get("name").string(),
		}
		if f.id == "" {
			f.id = lastPart(key)
		}
		k.fonts[key] = f
		if k.fallback == "" || s.get("isDefault").bool(false) && k.fonts[k.fallback].family == f.family {
			k.fallback = key
		}
	}
}

// firstColor is the colour that a gradient begins with.
func (v value) firstColor() *usage {
	for c := range v.get("colors").elements() {
		if c.get("type", "usageType").is(str) && c.get("color", "id").present() {
			return c.usage()
		}
		return &usage{local: c.color(), opacity: 1, applied: true}
	}
	return nil
}
