package inspect

import (
	"errors"
	"math"
)

// maxKids bounds the nodes of the page tree that are visited on the way to the first page.
const maxKids = 100

// readPDF reads the number of pages and the size of the first. A PDF whose structure is
// not sound, or is encrypted as a whole, is taken without them: other readers put up with
// more. One that has no end is cut off.
func readPDF(f file, info *Info) error {
	head, err := f.upTo(0, 16)
	if err != nil {
		return err
	}
	info.Pages = 0
	l := &lexer{b: head[min(5, len(head)):]}
	info.say("pdfVersion", l.word())
	p, err := openPDF(f)
	switch {
	case p == nil:
		return err
	case errors.Is(err, errEnd), errors.Is(err, errSyntax):
		return nil
	case err != nil:
		return err
	}
	encrypted := p.trailer["Encrypt"] != nil
	if encrypted {
		info.say("encrypted", "true")
	}
	root, _ := p.resolve(p.trailer["Root"]).(pdfDict)
	tree, _ := p.resolve(root["Pages"]).(pdfDict)
	if n := whole(p.resolve(tree["Count"])); n > 0 {
		info.Pages = n
	}
	if page := p.firstPage(tree); page != nil {
		info.pdfPage(p, page)
	}
	if about, ok := p.resolve(p.trailer["Info"]).(pdfDict); ok && !encrypted {
		info.say("title", textString(p.resolve(about["Title"])))
		info.say("creator", textString(p.resolve(about["Author"])))
		info.say("software", textString(p.resolve(about["Creator"])))
	}
	return nil
}

// inherited are the attributes that pages have from the nodes above them.
var inherited = []pdfName{"MediaBox", "CropBox", "Rotate"}

// firstPage walks down the page tree to its first leaf; nil if there is none.
func (p *pdfFile) firstPage(node pdfDict) pdfDict {
	left := maxKids
	var walk func(node pdfDict, depth int) pdfDict
	walk = func(node pdfDict, depth int) pdfDict {
		if left--; left < 0 || depth > maxNesting || node == nil {
			return nil
		}
		kids, ok := p.resolve(node["Kids"]).(pdfArray)
		if !ok {
			return node
		}
		for _, kid := range kids {
			child, _ := p.resolve(kid).(pdfDict)
			if child == nil {
				continue
			}
			for _, name := range inherited {
				if child[name] == nil && node[name] != nil {
					child[name] = node[name]
				}
			}
			if page := walk(child, depth+1); page != nil {
				return page
			}
		}
		return nil
	}
	return walk(node, 0)
}

// pdfPage notes the size of a page as it is shown: of its crop box, turned.
func (i *Info) pdfPage(p *pdfFile, page pdfDict) {
	media, crop := p.box(page["MediaBox"]), p.box(page["CropBox"])
	if media == nil {
		media = crop
	}
	if media == nil {
		return
	}
	if crop != nil {
		inside := []float64{math.Max(media[0], crop[0]), math.Max(media[1], crop[1]), math.Min(media[2], crop[2]), math.Min(media[3], crop[3])}
		if inside[0] < inside[2] && inside[1] < inside[3] {
			media = inside
		}
	}
	width, height := media[2]-media[0], media[3]-media[1]
	if unit, ok := p.resolve(page["UserUnit"]).(float64); ok && unit > 0 {
		width, height = width*unit, height*unit
	}
	if turn, ok := p.resolve(page["Rotate"]).(float64); ok && math.Mod(math.Abs(turn), 180) == 90 {
		width, height = height, width
	}
	i.drawn(width, height, "pt")
	if trim := p.box(page["TrimBox"]); trim != nil {
		i.say("trimSize", number(trim[2]-trim[0])+" × "+number(trim[3]-trim[1])+" pt")
	}
	pieces, _ := p.resolve(page["PieceInfo"]).(pdfDict)
	_, i.Illustrator = pieces["Illustrator"]
}

// box reads a rectangle, its corners in order; nil if v is none.
func (p *pdfFile) box(v any) []float64 {
	list, _ := p.resolve(v).(pdfArray)
	if len(list) != 4 {
		return nil
	}
	b := make([]float64, 4)
	for i, v := range list {
		n, ok := p.resolve(v).(float64)
		if !ok || math.Abs(n) > maxDrawn {
			return nil
		}
		b[i] = n
	}
	return []float64{math.Min(b[0], b[2]), math.Min(b[1], b[3]), math.Max(b[0], b[2]), math.Max(b[1], b[3])}
}
