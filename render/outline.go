package render

// Outlined returns a list with the outlines of its glyphs instead of glyphs: it looks the
// same, and needs no fonts.
func Outlined(l List) List {
	ops := make([]Op, len(l.Ops))
	copy(ops, l.Ops)
	for i := range ops {
		if g := ops[i].Glyphs; g != nil {
			ops[i] = Op{Path: &PathOp{Path: g.Path(), Color: g.Color}}
		}
	}
	l.Ops = ops
	return l
}

// Path returns the outlines of all glyphs of a run.
func (op *GlyphsOp) Path() Path {
	var path Path
	if op.Font == nil || !(op.Size > 0) {
		return path
	}
	k := op.Size / op.Font.UnitsPerEm()
	for _, g := range op.Glyphs {
		at := func(x, y float32) Point { return Point{X: g.X + k*float64(x), Y: g.Y - k*float64(y)} }
		open := false
		for _, s := range op.Font.Outline(g.ID) {
			a := s.Args
			switch s.Op {
			case 0:
				if open {
					path.close()
				}
				open = true
				path.step(MoveTo, at(a[0].X, a[0].Y))
			case 1:
				path.step(LineTo, at(a[0].X, a[0].Y))
			case 2:
				path.step(QuadTo, at(a[0].X, a[0].Y), at(a[1].X, a[1].Y))
			case 3:
				path.step(CubeTo, at(a[0].X, a[0].Y), at(a[1].X, a[1].Y), at(a[2].X, a[2].Y))
			}
		}
		if open {
			path.close()
		}
	}
	return path
}
