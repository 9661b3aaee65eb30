package raster

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation is how a picture is to be turned and mirrored: 1 (upright) to 8, as EXIF
// has it. A TIFF says it in its own tags, other files in EXIF data.
func orientation(f format, data []byte) int {
	var exif []byte
	switch f.extension {
	case "jpg":
		return jpegOrientation(data)
	case "tiff":
		exif = data
	case "png":
		exif = pngChunk(data, "eXIf")
	case "webp":
		exif = webpChunk(data, "EXIF")
	}
	return tiffOrientation(bytes.TrimPrefix(exif, []byte("Exif\x00\x00")))
}

// jpegOrientation reads the EXIF segment of a JPEG.
func jpegOrientation(data []byte) int {
	for at := 2; at+4 <= len(data) && data[at] == 0xFF; {
		marker, size := data[at+1], int(binary.BigEndian.Uint16(data[at+2:]))
		if marker == 0xFF { // padding
			at++
			continue
		}
		if marker == 0xDA || size < 2 || at+2+size > len(data) { // the picture itself begins
			return 1
		}
		segment := data[at+4 : at+2+size]
		if marker == 0xE1 && len(segment) > 6 && string(segment[:6]) == "Exif\x00\x00" {
			return tiffOrientation(segment[6:])
		}
		at += 2 + size
	}
	return 1
}

// tiffOrientation reads tag 0x0112 of the first directory.
func tiffOrientation(data []byte) int {
	if len(data) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if data[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(data[4:]))
	if at+2 > int64(len(data)) {
		return 1
	}
	count := int64(order.Uint16(data[at:]))
	for i := range count {
		entry := at + 2 + 12*i
		if entry+12 > int64(len(data)) {
			return 1
		}
		if order.Uint16(data[entry:]) == 0x0112 {
			if v := int(order.Uint16(data[entry+8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
	}
	return 1
}

// upright returns a picture turned and mirrored as an EXIF orientation says.
func upright(src image.Image, orientation int) *image.RGBA {
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	size := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	dst := image.NewRGBA(size)
	rows := newReader(src, 0, w)
	for y := range h {
		row := rows.row(y)
		for x := range w {
			dx, dy := x, y
			switch orientation {
			case 2:
				dx = w - 1 - x
			case 3:
				dx, dy = w-1-x, h-1-y
			case 4:
				dy = h - 1 - y
			case 5:
				dx, dy = y, x
			case 6:
				dx, dy = h-1-y, x
			case 7:
				dx, dy = h-1-y, w-1-x
			case 8:
				dx, dy = y, w-1-x
			}
			copy(dst.Pix[dst.PixOffset(dx, dy):][:4], row[4*x:4*x+4])
		}
	}
	return dst
}
