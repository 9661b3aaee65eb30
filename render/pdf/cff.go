package pdf

func (s *sfnt) subsetCFF(used map[int]bool) ([]byte, error) { return nil, damaged("cff") }
