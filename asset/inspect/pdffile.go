package inspect

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Bounds of what is read of a PDF.
const (
	maxLookups  = 2000     // of objects
	maxSections = 64       // of cross references
	maxInflated = 64 << 20 // bytes of all packed streams that are read
	maxStream   = 24 << 20 // bytes of one of them
)

// pdfFile finds objects in a PDF.
type pdfFile struct {
	file
	sections []section // the newest first
	trailer  pdfDict
	lookups  int
	inflated int
	packed   map[int]objects // object streams
}

// objects are those of an object stream, unpacked.
type objects struct {
	offsets []int
	body    []byte
}

// section is a part of the cross references: a table in the file, or an unpacked stream.
type section struct {
	first, count int   // of object numbers
	off          int64 // of the table's first line
	widths       []int // of the stream's fields
	rows         []byte
}

// openPDF reads the cross references (ISO 32000-1 §7.5.4, §7.5.8).
func openPDF(f file) (*pdfFile, error) {
	const look = 64 << 10
	tail, err := f.upTo(max(0, f.Size()-look), look)
	if err != nil {
		return nil, err
	}
	i := bytes.LastIndex(tail, []byte("startxref"))
	if i < 0 {
		return nil, fmt.Errorf("%w: no startxref", errDamaged)
	}
	l := &lexer{b: append(tail[i+len("startxref"):], ' ')}
	l.space()
	off, err := strconv.ParseInt(l.word(), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: startxref", errDamaged)
	}
	p := &pdfFile{file: f, packed: map[int]objects{}}
	seen := map[int64]bool{}
	for off > 0 && !seen[off] && len(p.sections) < maxSections {
		seen[off] = true
		trailer, err := p.references(off)
		if err != nil {
			return p, err
		}
		if p.trailer == nil {
			p.trailer = trailer
		}
		if hybrid := whole(trailer["XRefStm"]); hybrid > 0 && !seen[int64(hybrid)] {
			seen[int64(hybrid)] = true
			if _, err := p.references(int64(hybrid)); err != nil {
				return p, err
			}
		}
		off = int64(whole(trailer["Prev"]))
	}
	return p, nil
}

// references reads one part of the cross references and returns its trailer.
func (p *pdfFile) references(off int64) (pdfDict, error) {
	b, err := p.upTo(off, 64)
	if err != nil {
		return nil, err
	}
	l := &lexer{b: b}
	l.space()
	if !bytes.HasPrefix(b[l.at:], []byte("xref")) {
		return p.referenceStream(off)
	}
	off += int64(l.at + len("xref"))
	for range maxSections {
		if b, err = p.upTo(off, 64); err != nil {
			return nil, err
		}
		l = &lexer{b: b}
		l.space()
		if bytes.HasPrefix(b[l.at:], []byte("trailer")) {
			v, _, err := p.valueAt(off+int64(l.at+len("trailer")), false)
			d, ok := v.(pdfDict)
			if err == nil && !ok {
				err = errSyntax
			}
			return d, err
		}
		first, err1 := strconv.Atoi(l.word())
		l.space()
		count, err2 := strconv.Atoi(l.word())
		if err := errors.Join(err1, err2); err != nil || first < 0 || count < 0 || count > 20_000_000 {
			return nil, errSyntax
		}
		l.space()
		off += int64(l.at)
		p.sections = append(p.sections, section{first: first, count: count, off: off})
		off += 20 * int64(count)
	}
	return nil, errSyntax
}

func (p *pdfFile) referenceStream(off int64) (pdfDict, error) {
	v, data, err := p.valueAt(off, true)
	if err != nil {
		return nil, err
	}
	d, _ := v.(pdfDict)
	if d["Type"] != pdfName("XRef") || data == 0 {
		return nil, errSyntax
	}
	var widths []int
	list, _ := d["W"].(pdfArray)
	for _, w := range list {
		if n := whole(w); n >= 0 && n <= 8 {
			widths = append(widths, n)
		}
	}
	if len(widths) != 3 || widths[0]+widths[1]+widths[2] == 0 {
		return nil, errSyntax
	}
	rows, err := p.unpack(d, data)
	if err != nil {
		return nil, err
	}
	index, ok := d["Index"].(pdfArray)
	if !ok {
		index = pdfArray{0.0, d["Size"]}
	}
	width := widths[0] + widths[1] + widths[2]
	for i := 0; i+1 < len(index) && i < 2*maxSections; i += 2 {
		first, count := whole(index[i]), whole(index[i+1])
		if first < 0 || count < 0 {
			return nil, errSyntax
		}
		n := min(count, len(rows)/width)
		p.sections = append(p.sections, section{first: first, count: n, widths: widths, rows: rows[:n*width]})
		rows = rows[n*width:]
	}
	return d, nil
}

// valueAt reads the value at off, of an object its number and "obj" first, and tells
// where the data of a stream begin; 0 if it has none.
func (p *pdfFile) valueAt(off int64, object bool) (v any, data int64, err error) {
	for n := 4 << 10; ; n *= 16 {
		n = min(n, maxPiece)
		b, err := p.upTo(off, n)
		if err != nil {
			return nil, 0, err
		}
		l := &lexer{b: b}
		v, err = l.object(object)
		larger := len(b) == n && n < maxPiece
		if err == nil && !(larger && l.at+32 > n) { // there is room for what tells a stream
			return v, l.stream(off), nil
		}
		if err != nil && !errors.Is(err, errEnd) || !larger {
			return nil, 0, err
		}
	}
}

func (l *lexer) object(object bool) (any, error) {
	if object {
		for _, want := range []string{"", "", "obj"} {
			l.space()
			if w := l.word(); l.at >= len(l.b) {
				return nil, errEnd
			} else if want != "" && w != want {
				return nil, errSyntax
			}
		}
	}
	return l.value(0)
}

// stream tells where the data begin if the keyword follows.
func (l *lexer) stream(off int64) int64 {
	l.space()
	if l.word() != "stream" {
		return 0
	}
	if l.at < len(l.b) && l.b[l.at] == '\r' {
		l.at++
	}
	if l.at < len(l.b) && l.b[l.at] == '\n' {
		l.at++
	}
	return off + int64(l.at)
}

// unpack reads the data of a stream: plain, or packed by FlateDecode alone.
func (p *pdfFile) unpack(d pdfDict, data int64) ([]byte, error) {
	size := whole(p.resolve(d["Length"]))
	if size < 0 || int64(size) > p.Size()-data {
		return nil, errSyntax
	}
	var in io.Reader = io.NewSectionReader(p.SectionReader, data, int64(size))
	filter, parms := single(p.resolve(d["Filter"])), single(p.resolve(d["DecodeParms"]))
	switch filter {
	case nil:
	case pdfName("FlateDecode"), pdfName("Fl"):
		z, err := zlib.NewReader(in)
		if err != nil {
			return nil, errSyntax
		}
		in = z
	default:
		return nil, fmt.Errorf("%w: filter %v", errSyntax, filter)
	}
	b, err := io.ReadAll(io.LimitReader(in, maxStream+1))
	if p.inflated += len(b); len(b) > maxStream || p.inflated > maxInflated {
		return nil, fmt.Errorf("%w: a stream is too large", errSyntax)
	}
	if err != nil && len(b) == 0 { // a broken end is forgiven, as by other readers
		return nil, errSyntax
	}
	if how, ok := p.resolve(parms).(pdfDict); ok {
		return unpredict(b, how)
	}
	return b, nil
}

// single is the only element of an array, or v itself.
func single(v any) any {
	if list, ok := v.(pdfArray); ok {
		switch len(list) {
		case 0:
			return nil
		case 1:
			return list[0]
		}
	}
	return v
}

// unpredict undoes the PNG predictors that cross references and object streams use.
func unpredict(b []byte, how pdfDict) ([]byte, error) {
	predictor, columns := whole(how["Predictor"]), whole(how["Columns"])
	if predictor < 10 {
		return b, nil
	}
	if columns < 1 {
		columns = 1
	}
	if columns > 1<<16 {
		return nil, errSyntax
	}
	out := make([]byte, 0, len(b))
	before := make([]byte, columns)
	for ; len(b) >= 1+columns; b = b[1+columns:] {
		row := append([]byte{}, b[1:1+columns]...)
		switch b[0] {
		case 0:
		case 1:
			for i := 1; i < columns; i++ {
				row[i] += row[i-1]
			}
		case 2:
			for i := range row {
				row[i] += before[i]
			}
		default:
			return nil, errSyntax
		}
		out = append(out, row...)
		before = row
	}
	return out, nil
}

// resolve follows a reference; what cannot be found is null, as the standard has it.
func (p *pdfFile) resolve(v any) any {
	for range 10 {
		ref, ok := v.(pdfRef)
		if !ok {
			return v
		}
		v, _, _ = p.find(ref.number) // nil where it cannot be read
	}
	return nil
}

// find reads an object and, of a stream, the place of its data.
func (p *pdfFile) find(number int) (any, int64, error) {
	if p.lookups++; p.lookups > maxLookups {
		return nil, 0, errSyntax
	}
	for _, s := range p.sections {
		if number < s.first || number-s.first >= s.count {
			continue
		}
		kind, second, third, err := s.entry(p.file, number-s.first)
		switch {
		case err != nil:
			return nil, 0, err
		case kind == 1:
			return p.valueAt(second, true)
		case kind == 2:
			v, err := p.inStream(int(second), int(third))
			return v, 0, err
		case s.rows != nil || len(p.sections) == 1:
			return nil, 0, errSyntax // free
		}
	}
	return nil, 0, errSyntax
}

// entry reads a line: 1 and an offset, or 2, an object stream and the place in it.
func (s section) entry(f file, n int) (kind int, second, third int64, err error) {
	if s.widths == nil {
		b, err := f.at(s.off+20*int64(n), 18)
		if err != nil {
			return 0, 0, 0, err
		}
		off, err := strconv.ParseInt(string(b[:10]), 10, 64)
		if err != nil || b[17] != 'n' {
			return 0, 0, 0, nil
		}
		return 1, off, 0, nil
	}
	row := s.rows[n*(s.widths[0]+s.widths[1]+s.widths[2]):]
	field := func(width int) (v int64) {
		for _, c := range row[:width] {
			v = v<<8 | int64(c)
		}
		row = row[width:]
		return v
	}
	kind = 1
	if s.widths[0] > 0 {
		kind = int(field(s.widths[0]))
	}
	return kind, field(s.widths[1]), field(s.widths[2]), nil
}

// inStream reads an object of an object stream (ISO 32000-1 §7.5.7).
func (p *pdfFile) inStream(number, index int) (any, error) {
	list, ok := p.packed[number]
	if !ok {
		p.packed[number] = objects{} // it is not in itself
		list = p.objectStream(number)
		p.packed[number] = list
	}
	if index < 0 || index >= len(list.offsets) {
		return nil, errSyntax
	}
	l := &lexer{b: list.body, at: list.offsets[index]}
	return l.value(0)
}

// objectStream unpacks an object stream; it has no objects if it cannot be read.
func (p *pdfFile) objectStream(number int) (list objects) {
	v, data, err := p.find(number)
	d, ok := v.(pdfDict)
	if err != nil || !ok || d["Type"] != pdfName("ObjStm") || data == 0 {
		return objects{}
	}
	b, err := p.unpack(d, data)
	first := whole(p.resolve(d["First"]))
	if err != nil || first < 0 || first > len(b) {
		return objects{}
	}
	list.body = append(b[first:len(b):len(b)], ' ')
	fields := strings.Fields(string(b[:first]))
	for i := 1; i < len(fields); i += 2 {
		off, err := strconv.Atoi(fields[i])
		if err != nil || off < 0 || off > len(list.body) {
			return objects{}
		}
		list.offsets = append(list.offsets, off)
	}
	return list
}
