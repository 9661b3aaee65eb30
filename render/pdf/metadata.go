package pdf

import (
	"encoding/xml"
	"strings"
	"time"
)

// info is the document information dictionary.
func (d *Writer) info() string {
	var b strings.Builder
	b.WriteString("<<")
	if d.options.Title != "" {
		b.WriteString("/Title" + textString(d.options.Title))
	}
	if d.options.Producer != "" {
		b.WriteString("/Producer" + textString(d.options.Producer))
	}
	if t := d.options.Created; !t.IsZero() {
		b.WriteString("/CreationDate" + date(t) + "/ModDate" + date(t))
	}
	b.WriteString("/Trapped/False>>")
	return b.String()
}

// xmp is the same as an XMP packet (ISO 16684-1).
func (d *Writer) xmp() string {
	var b strings.Builder
	b.WriteString("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">` +
		`<dc:format>application/pdf</dc:format>`)
	element := func(open, value, end string) {
		if value != "" {
			b.WriteString(open)
			xml.EscapeText(&b, []byte(value)) // a strings.Builder does not fail
			b.WriteString(end)
		}
	}
	element(`<dc:title><rdf:Alt><rdf:li xml:lang="x-default">`, d.options.Title, `</rdf:li></rdf:Alt></dc:title>`)
	element(`<pdf:Producer>`, d.options.Producer, `</pdf:Producer>`)
	if t := d.options.Created; !t.IsZero() {
		s := t.UTC().Format(time.RFC3339)
		element(`<xmp:CreateDate>`, s, `</xmp:CreateDate>`)
		element(`<xmp:ModifyDate>`, s, `</xmp:ModifyDate>`)
		element(`<xmp:MetadataDate>`, s, `</xmp:MetadataDate>`)
	}
	b.WriteString("</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"r\"?>")
	return b.String()
}
