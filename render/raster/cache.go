package raster

import (
	"image"

	"github.com/tepin/tepin/render"
)

// What a [Cache] keeps at most; when it is full it begins anew.
const (
	glyphCacheBytes = 32 << 20
	imageCacheBytes = 128 << 20
)

// Cache keeps glyphs and scaled pictures between drawings. Picture keys must name the
// same picture in all drawings that share it. One goroutine uses it at a time. The
// zero value is empty.
type Cache struct {
	glyphs     map[glyphKey]*image.Alpha
	glyphBytes int
	images     map[imageKey]*image.RGBA
	imageBytes int
}

// imageKey names a picture as scaled.
type imageKey struct {
	key    string
	matrix render.Matrix
	area   image.Rectangle
}

func (c *Cache) glyph(k glyphKey) (*image.Alpha, bool) {
	mask, ok := c.glyphs[k]
	return mask, ok
}

func (c *Cache) addGlyph(k glyphKey, mask *image.Alpha) {
	const overhead = 128
	size := overhead
	if mask != nil {
		size += len(mask.Pix)
	}
	if c.glyphs == nil || c.glyphBytes+size > glyphCacheBytes {
		c.glyphs, c.glyphBytes = map[glyphKey]*image.Alpha{}, 0
	}
	c.glyphs[k] = mask
	c.glyphBytes += size
}

func (c *Cache) image(k imageKey) *image.RGBA { return c.images[k] }

func (c *Cache) addImage(k imageKey, scaled *image.RGBA) {
	if len(scaled.Pix) > imageCacheBytes/2 {
		return
	}
	if c.images == nil || c.imageBytes+len(scaled.Pix) > imageCacheBytes {
		c.images, c.imageBytes = map[imageKey]*image.RGBA{}, 0
	}
	c.images[k] = scaled
	c.imageBytes += len(scaled.Pix)
}
