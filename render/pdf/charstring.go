package pdf

// Operators of Type 2 charstrings (Adobe Technical Note 5177) that matter for finding
// the subroutines a glyph calls. All others clear the stack.
const (
	hstem     = 1
	vstem     = 3
	callsubr  = 10
	returns   = 11
	escape    = 12
	endchar   = 14
	hstemhm   = 18
	hintmask  = 19
	cntrmask  = 20
	vstemhm   = 23
	shortint  = 28
	callgsubr = 29
)

const (
	maxSubrDepth       = 10         // the specification's
	maxCharstringSteps = 50_000_000 // in all glyphs of a font; a sound glyph has some hundreds
)

// walker follows charstrings and notes the subroutines that they call.
type walker struct {
	cff     *cff
	budget  int
	subrs   map[int]map[int]bool // offset of an index → numbers of its subroutines in use
	puzzled bool                 // something was computed that cannot be followed

	local index // of the glyph at hand
	stack []int
	stems int
}

func (w *walker) glyph(gid int) (err error) {
	if w.local, err = w.cff.subrsOf(gid); err != nil {
		return err
	}
	w.stack, w.stems = w.stack[:0], 0
	_, err = w.walk(w.cff.object(w.cff.glyphs, gid), 0)
	return err
}

// walk follows a charstring; ended tells that the glyph, not only a subroutine, ended.
func (w *walker) walk(code []byte, depth int) (ended bool, err error) {
	for len(code) > 0 {
		if w.budget--; w.budget < 0 {
			return false, damaged("endless outlines")
		}
		op := code[0]
		if n := operandSize(op); n > 0 {
			if len(code) < n {
				return false, damaged("an outline is cut off")
			}
			w.operand(code)
			code = code[n:]
			continue
		}
		code = code[1:]
		switch op {
		case hstem, vstem, hstemhm, vstemhm:
			w.hint()
		case hintmask, cntrmask:
			w.hint() // the last vstem may be left out
			n := (w.stems + 7) / 8
			if len(code) < n {
				return false, damaged("an outline is cut off")
			}
			code = code[n:]
		case callsubr, callgsubr:
			x := w.local
			if op == callgsubr {
				x = w.cff.global
			}
			if ended, err := w.call(x, depth+1); err != nil || ended {
				return ended, err
			}
		case returns:
			return false, nil
		case endchar:
			if len(w.stack) >= 4 { // an accented letter made of two others
				w.puzzled = true
			}
			return true, nil
		case escape:
			if len(code) == 0 {
				return false, damaged("an outline is cut off")
			}
			if flex := code[0] >= 34; !flex { // arithmetic
				w.puzzled = true
			}
			w.stack, code = w.stack[:0], code[1:]
		default:
			w.stack = w.stack[:0]
		}
	}
	return false, nil
}

// operandSize is the length of the operand that begins with b, 0 for an operator.
func operandSize(b byte) int {
	switch {
	case b == shortint:
		return 3
	case b < 32:
		return 0
	case b <= 246:
		return 1
	case b <= 254:
		return 2
	}
	return 5
}

func (w *walker) operand(code []byte) {
	const limit = 48 // the specification's, and the width
	if len(w.stack) > limit {
		w.puzzled = true
		return
	}
	v := 0 // of a fraction, which no subroutine has as its number
	if code[0] != 255 {
		v = smallNumber(code)
	}
	w.stack = append(w.stack, v)
}

func (w *walker) hint() {
	w.stems += len(w.stack) / 2
	w.stack = w.stack[:0]
}

// call follows the subroutine whose number is on the stack.
func (w *walker) call(x index, depth int) (ended bool, err error) {
	if len(w.stack) == 0 || w.puzzled {
		w.puzzled = true
		return true, nil
	}
	n := w.stack[len(w.stack)-1] + bias(x.count)
	w.stack = w.stack[:len(w.stack)-1]
	if n < 0 || n >= x.count || depth > maxSubrDepth {
		return false, damaged("an outline calls what does not exist")
	}
	if w.subrs[x.at] == nil {
		w.subrs[x.at] = map[int]bool{}
	}
	w.subrs[x.at][n] = true
	return w.walk(w.cff.object(x, n), depth)
}

// bias is what is added to the number of a subroutine.
func bias(count int) int {
	switch {
	case count < 1240:
		return 107
	case count < 33900:
		return 1131
	}
	return 32768
}
