package preview

import (
	"context"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
)

// version is of what makes previews: it is part of their keys. Raise it when they come
// to look different.
const version = "2"

// sides are the longest sides of previews, in pixels. Rasters are never enlarged.
var sides = map[tepin.PreviewType]int{
	tepin.PreviewThumbnail: 256,
	tepin.PreviewMedium:    1024,
	tepin.PreviewHighest:   2048,
	tepin.PreviewX4096:     4096,
	fullSize:               tepin.MaxImageSide,
}

// mediaTypes are the types of previews that media has.
var mediaTypes = []tepin.PreviewType{
	tepin.PreviewThumbnail, tepin.PreviewMedium, tepin.PreviewHighest,
	tepin.PreviewHighestOrVector, tepin.PreviewFullOrVector, tepin.PreviewX4096,
}

// MediaType reads a type of previews of media, in any case.
func MediaType(s string) (tepin.PreviewType, error) { return oneOf(s, mediaTypes) }

// DocumentType reads a type of previews of templates and projects, in any case.
func DocumentType(s string) (tepin.PreviewType, error) { return oneOf(s, mediaTypes[:3]) }

func oneOf(s string, types []tepin.PreviewType) (tepin.PreviewType, error) {
	var names []string
	for _, t := range types {
		if strings.EqualFold(s, string(t)) {
			return t, nil
		}
		names = append(names, string(t))
	}
	return "", &tepin.Error{Kind: tepin.Invalid, Path: "previewType", Message: "the preview type is one of " + strings.Join(names, ", ") + ", in any case"}
}

// Media returns a preview of a media file, or [Pending] while it is made.
func (s *Service) Media(ctx context.Context, m tepin.Media, t tepin.PreviewType) (File, error) {
	k := kindOf(m)
	original := File{Ref: m.Blob, ContentType: m.ContentType, Extension: m.Extension, Version: m.Version}
	switch {
	case t != tepin.PreviewFullOrVector && t != tepin.PreviewHighestOrVector:
	case k == vectorPDF:
		original.Extension = "pdf" // also of an Illustrator file
		return original, nil
	case k == vectorSVG, k == postScript:
		t = tepin.PreviewFullOrVector // the one PDF for both
	case k == decoded && t == tepin.PreviewFullOrVector:
		return original, nil
	case k == layered && t == tepin.PreviewFullOrVector:
		t = fullSize
	default:
		t = tepin.PreviewHighest
	}
	wanted := tepin.Preview{
		EnvironmentID: m.EnvironmentID, Kind: tepin.PreviewOfMedia, SubjectID: string(m.ID), Slot: string(t),
		Key: key("media", version, m.Blob.SHA256, strconv.Itoa(int(k)), string(t)),
	}
	if err := s.can(k, t); err != nil {
		return File{}, err
	}
	return s.made(ctx, wanted, func(ctx context.Context) (picture, error) {
		from := source{m.EnvironmentID, m.Blob}
		switch {
		case k == decoded || k == layered:
			return s.fitted(ctx, from, sides[t])
		case t == tepin.PreviewFullOrVector:
			return s.vector(ctx, from, k)
		}
		return s.drawn(ctx, from, k, sides[t])
	})
}

// fullSize is the preview of a layered file in all its pixels.
const fullSize tepin.PreviewType = "full"

// kind is how a preview of a media file is made.
type kind int

const (
	decoded   kind = iota // our own decoders read it
	layered               // so, too; but the original is for editors alone
	vectorPDF             // a PDF, or a file that is one
	vectorSVG
	postScript
)

func kindOf(m tepin.Media) kind {
	switch m.ContentType {
	case tepin.TypePhotoshop:
		return layered
	case tepin.TypePDF:
		return vectorPDF
	case tepin.TypeSVG:
		return vectorSVG
	case tepin.TypePostScript:
		return postScript
	}
	return decoded
}

// can refuses a preview that needs a program which is not there.
func (s *Service) can(k kind, t tepin.PreviewType) error {
	if k == decoded || k == layered {
		return nil
	}
	if t == tepin.PreviewFullOrVector {
		if _, err := s.convert(k); err != nil {
			return err
		}
		return s.programs.pdf.there("PDF")
	}
	_, err := s.rasterize(k, nil, sides[t])
	return err
}
