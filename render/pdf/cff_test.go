package pdf

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/tepin/tepin"
)

// cffIndex writes an INDEX with offsets of one or two bytes.
func cffIndex(objects ...[]byte) []byte {
	out := binary.BigEndian.AppendUint16(nil, uint16(len(objects)))
	if len(objects) == 0 {
		return out
	}
	out = append(out, 2)
	at := 1
	out = binary.BigEndian.AppendUint16(out, uint16(at))
	for _, o := range objects {
		at += len(o)
		out = binary.BigEndian.AppendUint16(out, uint16(at))
	}
	return append(out, bytes.Join(objects, nil)...)
}

// cffInt is an operand in the form that has one length for all values.
func cffInt(v int) []byte { return binary.BigEndian.AppendUint32([]byte{29}, uint32(v)) }

// Charstrings of the test fonts. A glyph draws by calling subroutines: number −107 is
// the first (bias 107), −106 the second.
var (
	callLocal0  = []byte{139, 139, 21, 32, callsubr, endchar}  // 0 0 rmoveto −107 callsubr
	callLocal1  = []byte{139, 139, 21, 33, callsubr, endchar}  // −106 callsubr
	callGlobal1 = []byte{139, 139, 21, 33, callgsubr, endchar} // −106 callgsubr
	hinted      = []byte{139, 149, 1, 139, 149, hintmask, 0xFF, 32, callsubr, endchar}
	drawing     = []byte{189, 6, 189, 7, returns} // 50 hlineto 50 vlineto return
	nested      = []byte{32, callgsubr, returns}  // −107 callgsubr
	unused      = []byte{140, 141, 142, 5, returns}
)

var (
	globalSubrs = [][]byte{drawing, nested, unused}
	localSubrs  = [][]byte{drawing, nested, unused}
)

// assemble lays out a CFF table: top makes the Top DICT when the offsets of what
// follows the global subroutines are known.
func assemble(strings [][]byte, top func(at []int) []byte, parts ...[]byte) []byte {
	build := func(at []int) []byte {
		out := []byte{1, 0, 4, 2}
		out = append(out, cffIndex([]byte("Test"))...)
		out = append(out, cffIndex(top(at))...)
		out = append(out, cffIndex(strings...)...)
		return append(out, cffIndex(globalSubrs...)...)
	}
	at := make([]int, len(parts))
	end := len(build(at))
	for i, p := range parts {
		at[i] = end
		end += len(p)
	}
	return append(build(at), bytes.Join(parts, nil)...)
}

func op(operands []byte, operator ...byte) []byte { return append(operands, operator...) }

func private() []byte { // Subrs lie right behind the dictionary
	size := len(op(cffInt(0), opSubrs))
	return append(op(cffInt(size), opSubrs), cffIndex(localSubrs...)...)
}

const privateSize = 6

// keyedCFF is a font keyed by CID with two font dictionaries, four glyphs, and glyphs'
// dictionaries told in an FDSelect of format 0 or 3.
func keyedCFF(t testing.TB, format byte) []byte {
	t.Helper()
	glyphs := cffIndex([]byte{endchar}, callLocal0, callLocal1, callGlobal1)
	charset := []byte{0, 0, 5, 0, 9, 0, 70}
	selected := []byte{0, 0, 0, 1, 0}
	if format == 3 {
		selected = []byte{3, 0, 3, 0, 0, 0, 0, 2, 1, 0, 3, 0, 0, 4}
	}
	p := private()
	var dicts []byte
	top := func(at []int) []byte {
		dict := func(private int) []byte { return op(slices.Concat(cffInt(privateSize), cffInt(private)), opPrivate) }
		dicts = cffIndex(dict(at[0]), dict(at[1]))
		return slices.Concat(
			op(slices.Concat(cffInt(391), cffInt(392), cffInt(0)), 12, 30),
			op(cffInt(at[2]), opCharStrings), op(cffInt(at[3]), opCharset),
			op(cffInt(at[4]), 12, 37), op(cffInt(at[5]), 12, 36))
	}
	strings := [][]byte{[]byte("Adobe"), []byte("Identity")}
	assemble(strings, top, p, p, glyphs, charset, selected, nil) // fills dicts' length
	table := assemble(strings, top, p, p, glyphs, charset, selected, dicts)
	return append(table[:len(table)-len(dicts)], dicts...) // with the true offsets
}

// namedCFF is a font whose glyphs have names: one standard, two of its own.
func namedCFF(t testing.TB) []byte {
	t.Helper()
	glyphs := cffIndex([]byte{endchar}, callLocal0, hinted, callGlobal1)
	charset := []byte{0, 0, 34, 391 >> 8, 391 & 255, 392 >> 8, 392 & 255}
	return assemble([][]byte{[]byte("first"), []byte("second"), []byte("version")}, func(at []int) []byte {
		return slices.Concat(op(cffInt(393), 0), op([]byte{30, 0x0A, 0x5F}, 12, 7), // version; a fraction
			op(slices.Concat(cffInt(privateSize), cffInt(at[0])), opPrivate),
			op(cffInt(at[1]), opCharStrings), op(cffInt(at[2]), opCharset))
	}, private(), glyphs, charset)
}

// otf is a font file with a CFF table of four glyphs.
func otf(cff []byte) []byte {
	head := make([]byte, 54)
	binary.BigEndian.PutUint16(head[18:], 1000)
	hhea := make([]byte, 36)
	binary.BigEndian.PutUint16(hhea[34:], 1)
	maxp := []byte{0, 0, 0x50, 0, 0, 4}
	out := buildSFNT(map[string][]byte{"CFF ": cff, "head": head, "hhea": hhea, "hmtx": make([]byte, 10), "maxp": maxp})
	copy(out, "OTTO")
	return out
}

func objects(c *cff, x index) (out [][]byte) {
	for i := range x.count {
		out = append(out, c.object(x, i))
	}
	return out
}

func TestSubsetCFF(t *testing.T) {
	gone, rest := []byte{endchar}, []byte{}
	tests := []struct {
		name            string
		table           []byte
		gid             int
		glyphs          [][]byte
		global          [][]byte
		locals          [][][]byte
		charset, strngs string
	}{
		{"keyed, first dictionary", keyedCFF(t, 0), 1, [][]byte{gone, callLocal0, gone, gone},
			[][]byte{rest, rest, rest}, [][][]byte{{drawing, rest, rest}, {rest, rest, rest}}, "\x01\x00\x01\x02", "AdobeIdentity"},
		{"keyed, second dictionary", keyedCFF(t, 0), 2, [][]byte{gone, gone, callLocal1, gone},
			[][]byte{drawing, rest, rest}, [][][]byte{{rest, rest, rest}, {rest, nested, rest}}, "\x01\x00\x01\x02", "AdobeIdentity"},
		{"keyed, ranges", keyedCFF(t, 3), 2, [][]byte{gone, gone, callLocal1, gone},
			[][]byte{drawing, rest, rest}, [][][]byte{{rest, rest, rest}, {rest, nested, rest}}, "\x01\x00\x01\x02", "AdobeIdentity"},
		{"keyed, global", keyedCFF(t, 3), 3, [][]byte{gone, gone, gone, callGlobal1},
			[][]byte{drawing, nested, rest}, [][][]byte{{rest, rest, rest}, {rest, rest, rest}}, "\x01\x00\x01\x02", "AdobeIdentity"},
		{"named", namedCFF(t), 2, [][]byte{gone, gone, hinted, gone},
			[][]byte{rest, rest, rest}, [][][]byte{{drawing, rest, rest}}, "\x00\x00\x00\x01\x87\x00\x00", "firstversion"},
		{"nothing", namedCFF(t), 0, [][]byte{gone, gone, gone, gone},
			[][]byte{rest, rest, rest}, [][][]byte{{rest, rest, rest}}, "\x00\x00\x00\x00\x00\x00\x00", "version"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := parsed(t, otf(tt.table)).subsetCFF(map[int]bool{tt.gid: true})
			if err != nil {
				t.Fatal(err)
			}
			if len(out) != len(tt.table) {
				t.Errorf("the table has %d bytes, had %d", len(out), len(tt.table))
			}
			c, err := parseCFF(out)
			if err != nil {
				t.Fatal(err)
			}
			check := func(what string, x index, want [][]byte) {
				if got := objects(c, x); !slices.EqualFunc(got, want, bytes.Equal) {
					t.Errorf("%s: %x, want %x", what, got, want)
				}
			}
			check("glyphs", c.glyphs, tt.glyphs)
			check("global subroutines", c.global, tt.global)
			for i, l := range c.local {
				check("local subroutines", l, tt.locals[i])
			}
			if got := string(out[c.charset:][:len(tt.charset)]); got != tt.charset {
				t.Errorf("the character set is %q, want %q", got, tt.charset)
			}
			if got := string(bytes.Join(objects(c, c.names), nil)); got != tt.strngs {
				t.Errorf("the strings are %q, want %q", got, tt.strngs)
			}
		})
	}
}

// What cannot be followed is kept whole; what is endless or leads out is refused.
func TestCharstrings(t *testing.T) {
	with := func(glyph ...byte) []byte {
		return assemble(nil, func(at []int) []byte { return op(cffInt(at[0]), opCharStrings) }, cffIndex([]byte{endchar}, glyph))
	}
	tests := []struct {
		name  string
		glyph []byte
		whole bool
		kind  tepin.Kind
	}{
		{"arithmetic", []byte{140, 140, escape, 10, callgsubr, endchar}, true, 0},
		{"accented letter", []byte{139, 139, 204, 205, endchar}, true, 0},
		{"nothing to call", []byte{callgsubr, endchar}, true, 0},
		{"too many operands", append(bytes.Repeat([]byte{139}, 60), endchar), true, 0},
		{"flex", []byte{139, escape, 35, endchar}, false, 0},
		{"no end", []byte{139, 139, 21}, false, 0},
		{"no such subroutine", []byte{239, callgsubr}, false, tepin.Unprocessable},
		{"no local ones", []byte{32, callsubr}, false, tepin.Unprocessable},
		{"operand cut off", []byte{255, 0}, false, tepin.Unprocessable},
		{"mask cut off", []byte{139, 139, hintmask}, false, tepin.Unprocessable},
		{"escape cut off", []byte{escape}, false, tepin.Unprocessable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := with(tt.glyph...)
			out, err := parsed(t, otf(table)).subsetCFF(map[int]bool{1: true})
			if tt.kind != 0 {
				if tepin.KindOf(err) != tt.kind {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := bytes.Equal(out, table); got != tt.whole {
				t.Errorf("kept whole: %v, want %v", got, tt.whole)
			}
		})
	}
}

func TestEndlessSubroutines(t *testing.T) {
	// each of nine calls the next one a thousand times
	var subrs [][]byte
	for i := range 9 {
		subrs = append(subrs, bytes.Repeat([]byte{byte(32 + i + 1), callgsubr}, 1000))
	}
	defer func(saved [][]byte) { globalSubrs = saved }(globalSubrs)
	globalSubrs = append(subrs, []byte{returns})
	table := assemble(nil, func(at []int) []byte { return op(cffInt(at[0]), opCharStrings) }, cffIndex([]byte{endchar}, []byte{32, callgsubr}))
	if _, err := parsed(t, otf(table)).subsetCFF(map[int]bool{1: true}); tepin.KindOf(err) != tepin.Unprocessable {
		t.Errorf("got %v", err)
	}
}

func TestBrokenCFF(t *testing.T) {
	for _, table := range [][]byte{keyedCFF(t, 0), keyedCFF(t, 3), namedCFF(t)} {
		s := parsed(t, otf(table))
		for n := range table {
			s.tables["CFF "] = table[:n]
			if _, err := s.subsetCFF(map[int]bool{2: true}); err == nil && n < len(table)-8 {
				t.Errorf("%d of %d bytes were taken for a font", n, len(table))
			}
		}
	}
}
