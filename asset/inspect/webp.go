package inspect

// readWebP walks the chunks (RFC 9649 §2).
func readWebP(f file, info *Info) error {
	info.say("colorSpace", "RGB")
	info.say("bitsPerChannel", "8")
	off, found := int64(12), false
	for range maxChunks {
		if off+8 > f.Size() {
			break
		}
		head, err := f.at(off, 8)
		if err != nil {
			return err
		}
		size := le32(head[4:])
		if found, err = info.webpChunk(f, string(head[:4]), off+8, size, found); err != nil {
			return err
		}
		off += 8 + size + size%2
	}
	if !found {
		return errDamaged
	}
	return nil
}

// webpChunk reads one chunk; found tells whether the size is known.
func (i *Info) webpChunk(f file, kind string, off, size int64, found bool) (bool, error) {
	switch kind {
	case "VP8X":
		b, err := f.at(off, 10)
		if err != nil {
			return false, err
		}
		i.Width, i.Height = 1+le24(b[4:]), 1+le24(b[7:])
		i.webpFlags(b[0])
		return true, nil
	case "VP8 ":
		b, err := f.at(off, 10)
		if err != nil || found {
			return true, err
		}
		if b[3] != 0x9d || b[4] != 0x01 || b[5] != 0x2a {
			return false, errDamaged
		}
		i.Width, i.Height = (int(b[6])|int(b[7])<<8)&0x3fff, (int(b[8])|int(b[9])<<8)&0x3fff
		return true, nil
	case "VP8L":
		b, err := f.at(off, 5)
		if err != nil || found {
			return true, err
		}
		if b[0] != 0x2f {
			return false, errDamaged
		}
		bits := le32(b[1:])
		i.Width, i.Height = 1+int(bits&0x3fff), 1+int(bits>>14&0x3fff)
		if bits>>28&1 == 1 {
			i.say("transparency", "true")
		}
		return true, nil
	case "ICCP", "EXIF":
		b, err := f.upTo(off, int(min(size, maxProfile)))
		if err != nil {
			return found, nil // a picture without its profile is one
		}
		if kind == "ICCP" {
			i.profile(b)
		} else {
			i.exif(b)
		}
	}
	return found, nil
}

func (i *Info) webpFlags(flags byte) {
	if flags&0x10 != 0 {
		i.say("transparency", "true")
	}
	if flags&0x02 != 0 {
		i.say("animated", "true")
	}
}

func le24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
