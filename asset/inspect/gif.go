package inspect

// gifLook is how much of a GIF is looked at for a second picture.
const gifLook = 1 << 20

// readGIF reads the screen's size, and whether it moves (GIF89a).
func readGIF(f file, info *Info) error {
	b, err := f.upTo(0, gifLook)
	if err != nil {
		return err
	}
	if len(b) < 14 {
		return errEnd
	}
	info.Width, info.Height = int(b[6])|int(b[7])<<8, int(b[8])|int(b[9])<<8
	info.say("colorSpace", "Indexed")
	at := 13 + gifTable(b[10])
	for pictures := 0; at+10 < len(b); {
		switch b[at] {
		case ',':
			if pictures++; pictures == 2 {
				info.say("animated", "true")
				return nil
			}
			at = gifBlocks(b, at+11+gifTable(b[at+9]))
		case '!':
			if b[at+1] == 0xF9 && b[at+3]&1 == 1 {
				info.say("transparency", "true")
			}
			at = gifBlocks(b, at+2)
		default:
			return nil
		}
	}
	return nil
}

// gifTable is the length of a colour table.
func gifTable(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// gifBlocks skips data blocks up to the empty one.
func gifBlocks(b []byte, at int) int {
	for at < len(b) && b[at] != 0 {
		at += 1 + int(b[at])
	}
	return at + 1
}
