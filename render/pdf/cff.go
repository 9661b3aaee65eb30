package pdf

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// subsetCFF returns the font's CFF table (Adobe Technical Note 5176) with the outlines
// of the used glyphs only. Indexes are packed within the room that they have, and the
// room that falls free is zeros, which deflate to nothing. So every offset stays true,
// and glyphs keep their numbers; CID-keyed fonts get the identity as their character
// set.
func (s *sfnt) subsetCFF(used map[int]bool) ([]byte, error) {
	c, err := parseCFF(slices.Clone(s.tables["CFF "]))
	if err != nil {
		return nil, err
	}
	keep := map[int]bool{0: true}
	for gid := range used {
		if gid >= c.glyphs.count {
			return nil, damaged("a glyph has no outline")
		}
		keep[gid] = true
	}
	w := walker{cff: c, budget: maxCharstringSteps, subrs: map[int]map[int]bool{}}
	for _, gid := range sortedKeys(keep) {
		if err := w.glyph(gid); err != nil {
			return nil, err
		}
	}
	if !w.puzzled && !c.overlaps() { // else all of it stays
		c.pack(c.glyphs, keep, endchar)
		c.pack(c.global, w.subrs[c.global.at])
		for _, l := range c.local {
			c.pack(l, w.subrs[l.at])
		}
		if err := c.packNames(keep); err != nil {
			return nil, err
		}
	}
	if c.keyed {
		err = c.identity()
	}
	return c.data, err
}

// cff is a CFF table with one font.
type cff struct {
	data       []byte
	names      index   // strings: names of glyphs and of the font
	glyphs     index   // charstrings
	global     index   // subroutines
	local      []index // subroutines of each font dictionary; two may be the same
	selectEach []byte  // FDSelect, which dictionary a glyph belongs to, in format 0
	selectRuns []byte  // or in format 3: first glyph, dictionary
	charset    int     // offset
	keyed      bool    // by CID: then the character set tells CIDs, not names
}

// index is an INDEX: count objects one behind the other.
type index struct {
	at, count, offSize int
	end                int // the offset behind it
}

// parseCFF finds the parts that matter here and checks that they lie in the table.
func parseCFF(data []byte) (*cff, error) {
	c := &cff{data: data}
	if len(data) < 4 || data[0] != 1 {
		return nil, damaged("table CFF")
	}
	fonts, err := c.index(int(data[2]))
	if err != nil {
		return nil, err
	}
	tops, err := c.index(fonts.end)
	if err != nil {
		return nil, err
	}
	if c.names, err = c.index(tops.end); err != nil {
		return nil, err
	}
	if c.global, err = c.index(c.names.end); err != nil {
		return nil, err
	}
	if tops.count != 1 {
		return nil, damaged("table CFF with more than one font")
	}
	top, err := parseDict(c.object(tops, 0))
	if err != nil {
		return nil, err
	}
	if kind := top[opCharstringType]; len(kind) > 0 && kind[0] != 2 {
		return nil, damaged("old charstrings")
	}
	if c.glyphs, err = c.index(top.offset(opCharStrings)); err != nil {
		return nil, err
	}
	c.charset = top.offset(opCharset)
	if _, c.keyed = top[opROS]; !c.keyed {
		return c, c.addPrivate(top)
	}
	return c, c.parseKeyed(top)
}

// parseKeyed reads the font dictionaries of a CID-keyed font and which glyph has which.
func (c *cff) parseKeyed(top dict) error {
	dicts, err := c.index(top.offset(opFDArray))
	if err != nil {
		return err
	}
	for i := range dicts.count {
		d, err := parseDict(c.object(dicts, i))
		if err != nil {
			return err
		}
		if err := c.addPrivate(d); err != nil {
			return err
		}
	}
	at := top.offset(opFDSelect)
	if at <= 0 || at+3 > len(c.data) {
		return damaged("CFF font dictionaries")
	}
	switch rest := c.data[at+1:]; c.data[at] {
	case 0:
		if len(rest) < c.glyphs.count {
			return damaged("CFF font dictionaries")
		}
		c.selectEach = rest[:c.glyphs.count]
	case 3:
		n := 3 * u16(rest, 0)
		if len(rest) < 2+n+2 {
			return damaged("CFF font dictionaries")
		}
		c.selectRuns = rest[2 : 2+n]
	default:
		return damaged("CFF font dictionaries")
	}
	return nil
}

// addPrivate reads where the local subroutines of a font dictionary are.
func (c *cff) addPrivate(d dict) error {
	var l index // none
	if p := d[opPrivate]; len(p) == 2 {
		size, at := p[0], p[1]
		if size < 0 || at < 0 || at+size > len(c.data) {
			return damaged("CFF private dictionary")
		}
		private, err := parseDict(c.data[at : at+size])
		if err != nil {
			return err
		}
		if offset := private.offset(opSubrs); offset > 0 {
			if l, err = c.index(at + offset); err != nil {
				return err
			}
		}
	}
	c.local = append(c.local, l)
	return nil
}

// subrsOf returns the local subroutines of a glyph.
func (c *cff) subrsOf(gid int) (index, error) {
	fd := 0
	switch {
	case c.selectEach != nil:
		fd = int(c.selectEach[gid])
	case c.selectRuns != nil:
		for run := c.selectRuns; len(run) >= 3 && u16(run, 0) <= gid; run = run[3:] {
			fd = int(run[2])
		}
	}
	if fd >= len(c.local) {
		return index{}, damaged("CFF font dictionaries")
	}
	return c.local[fd], nil
}

// index reads the INDEX at an offset and checks all its offsets.
func (c *cff) index(at int) (index, error) {
	if at <= 0 || at+2 > len(c.data) {
		return index{}, damaged("an index of table CFF")
	}
	x := index{at: at, count: u16(c.data, at), end: at + 2}
	if x.count == 0 {
		return x, nil
	}
	if at+3 > len(c.data) {
		return index{}, damaged("an index of table CFF")
	}
	x.offSize = int(c.data[at+2])
	if x.offSize < 1 || x.offSize > 4 || x.base()+1 > len(c.data) {
		return index{}, damaged("an index of table CFF")
	}
	last := 1
	for i := range x.count + 1 {
		o := c.offset(x, i)
		if o < last || o > len(c.data)-x.base() || i == 0 && o != 1 {
			return index{}, damaged("an index of table CFF")
		}
		last = o
	}
	x.end = x.base() + last
	return x, nil
}

// base is what the offsets of an index count from: the byte before its objects.
func (x index) base() int { return x.at + 2 + (x.count+1)*x.offSize }

func (c *cff) offset(x index, i int) int {
	o := 0
	for _, b := range c.data[x.at+3+i*x.offSize:][:x.offSize] {
		o = o<<8 | int(b)
	}
	return o
}

func (c *cff) object(x index, i int) []byte {
	return c.data[x.base()+c.offset(x, i) : x.base()+c.offset(x, i+1)]
}

// pack keeps the given objects of an index and replaces the others by a shorter one.
func (c *cff) pack(x index, keep map[int]bool, other ...byte) {
	if x.count == 0 {
		return
	}
	var packed []byte
	ends := make([]int, 0, x.count)
	for i := range x.count {
		o := c.object(x, i)
		if !keep[i] && len(o) >= len(other) {
			o = other
		}
		packed = append(packed, o...)
		ends = append(ends, len(packed)+1)
	}
	for i, o := range ends {
		field := c.data[x.at+3+(i+1)*x.offSize:][:x.offSize]
		for k := range field {
			field[k] = byte(o >> (8 * (len(field) - 1 - k)))
		}
	}
	objects := c.data[x.base()+1 : x.end]
	clear(objects[copy(objects, packed):])
}

// overlaps tells whether parts that are to be packed share bytes, as only a broken or
// a very clever font has it.
func (c *cff) overlaps() bool {
	var parts [][2]int // from, to
	for _, x := range append([]index{c.names, c.glyphs, c.global}, c.local...) {
		parts = append(parts, [2]int{x.at, x.end})
	}
	if !c.keyed && c.charset > 2 && c.charset < len(c.data) && c.data[c.charset] == 0 {
		parts = append(parts, [2]int{c.charset, c.charset + 1 + 2*(c.glyphs.count-1)})
	}
	slices.SortFunc(parts, func(a, b [2]int) int { return cmp.Or(a[0]-b[0], a[1]-b[1]) })
	parts = slices.Compact(parts) // dictionaries may share their subroutines
	for i := 1; i < len(parts); i++ {
		if parts[i][0] < parts[i-1][1] {
			return true
		}
	}
	return false
}

// packNames drops the names of the glyphs that are not kept. A font that is keyed by
// CID has none.
func (c *cff) packNames(kept map[int]bool) error {
	const standard = 391 // names that every reader knows
	if c.keyed || c.charset <= 2 {
		return nil
	}
	sids, err := c.sids()
	if err != nil {
		return err
	}
	needed := map[int]bool{}
	for i := range c.names.count {
		needed[i] = true
	}
	for gid, sid := range sids {
		needed[sid-standard] = kept[gid]
		if !kept[gid] && c.data[c.charset] == 0 { // a list, in which each can be left unnamed
			copy(c.data[c.charset+1+2*(gid-1):], []byte{0, 0})
		}
	}
	c.pack(c.names, needed)
	// The global subroutines are found not by an offset but because they come next.
	names, err := c.index(c.names.at)
	if err != nil {
		return err
	}
	global := slices.Clone(c.data[c.global.at:c.global.end])
	clear(c.data[names.end:c.global.end])
	copy(c.data[names.end:], global)
	return nil
}

// sids reads the character set: the number of each glyph's name but the first's, which
// is .notdef.
func (c *cff) sids() (map[int]int, error) {
	sids := map[int]int{}
	if c.charset >= len(c.data) {
		return nil, damaged("CFF character set")
	}
	format, b := c.data[c.charset], c.data[c.charset+1:]
	size := map[byte]int{0: 2, 1: 3, 2: 4}[format]
	for gid := 1; gid < c.glyphs.count; b = b[size:] {
		if size == 0 || len(b) < size {
			return nil, damaged("CFF character set")
		}
		more := 0
		switch format {
		case 1:
			more = int(b[2])
		case 2:
			more = u16(b, 2)
		}
		for i := 0; i <= more && gid < c.glyphs.count; i++ {
			sids[gid] = u16(b, 0) + i
			gid++
		}
	}
	return sids, nil
}

// identity overwrites the character set with the one in which the CID of each glyph
// is its number. No form of it is longer than what any font with as many glyphs has.
func (c *cff) identity() error {
	n := c.glyphs.count - 1 // .notdef is not listed
	var set []byte
	switch {
	case n < 1:
		return nil
	case n == 1:
		set = []byte{0, 0, 1}
	case n <= 256:
		set = []byte{1, 0, 1, byte(n - 1)}
	default:
		set = binary.BigEndian.AppendUint16([]byte{2, 0, 1}, uint16(n-1))
	}
	if c.charset <= 2 || c.charset+len(set) > len(c.data) {
		return damaged("CFF character set")
	}
	copy(c.data[c.charset:], set)
	return nil
}

// Operators of dictionaries; those of two bytes have 12 as the first.
const (
	opCharset        = 15
	opCharStrings    = 17
	opPrivate        = 18
	opSubrs          = 19
	opCharstringType = 12<<8 | 6
	opROS            = 12<<8 | 30
	opFDArray        = 12<<8 | 36
	opFDSelect       = 12<<8 | 37
)

// dict is a dictionary: operator → operands. Fractions are 0; none matters here.
type dict map[int][]int

func (d dict) offset(op int) int {
	if v := d[op]; len(v) == 1 {
		return v[0]
	}
	return 0
}

func parseDict(b []byte) (dict, error) {
	d := dict{}
	var operands []int
	for len(b) > 0 {
		n, v := 1, 0
		switch b0 := int(b[0]); {
		case b0 <= 21:
			op := b0
			if b0 == 12 {
				if n = 2; len(b) < n {
					return nil, damaged("a dictionary of table CFF")
				}
				op = 12<<8 | int(b[1])
			}
			d[op], operands, b = operands, nil, b[n:]
			continue
		case b0 == 28:
			n = 3
		case b0 == 29:
			n = 5
		case b0 == 30: // a fraction in half bytes, ended by one of 15
			for n < len(b) && b[n]&15 != 15 && b[n]>>4 != 15 {
				n++
			}
			n++
		case b0 >= 247 && b0 <= 254:
			n = 2
		case b0 < 32 || b0 == 255:
			return nil, damaged("a dictionary of table CFF")
		}
		if len(b) < n {
			return nil, damaged("a dictionary of table CFF")
		}
		if b[0] == 29 {
			v = int(int32(binary.BigEndian.Uint32(b[1:])))
		} else if b[0] != 30 {
			v = smallNumber(b)
		}
		operands, b = append(operands, v), b[n:]
	}
	return d, nil
}

// smallNumber decodes the forms of integers that dictionaries and charstrings share.
func smallNumber(b []byte) int {
	switch b0 := int(b[0]); {
	case b0 == 28:
		return i16(b, 1)
	case b0 <= 246:
		return b0 - 139
	case b0 <= 250:
		return (b0-247)*256 + int(b[1]) + 108
	default:
		return -(b0-251)*256 - int(b[1]) - 108
	}
}
