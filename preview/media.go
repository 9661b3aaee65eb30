package preview

import (
	"context"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
)

// version is of what makes previews: it is part of their keys. Raise it when they come
// to look different.
const version = "1"

// sides are the longest sides of previews, in pixels. Rasters are never enlarged.
var sides = map[tepin.PreviewType]int{
	tepin.PreviewThumbnail: 256,
	tepin.PreviewMedium:    1024,
	tepin.PreviewHighest:   2048,
	tepin.PreviewX4096:     4096,
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
	switch t {
	case tepin.PreviewFullOrVector, tepin.PreviewHighestOrVector:
		switch {
		case k == vectorPDF:
			return File{Ref: m.Blob, ContentType: "application/pdf", Extension: "pdf", Version: m.Version}, nil
		case k == decoded && t == tepin.PreviewFullOrVector:
			return File{Ref: m.Blob, ContentType: m.ContentType, Extension: m.Extension, Version: m.Version}, nil
		case k == decoded || k == layered:
			t = tepin.PreviewHighest
		}
	}
	wanted := tepin.Preview{
		EnvironmentID: m.EnvironmentID, Kind: tepin.PreviewOfMedia, SubjectID: string(m.ID), Slot: string(t),
		Key: key("media", version, m.Blob.SHA256, strconv.Itoa(int(k)), string(t)),
	}
	return s.made(ctx, wanted, func(ctx context.Context) (picture, error) { return s.fitted(ctx, m.EnvironmentID, m.Blob, sides[t]) })
}

// kind is how a preview of a media file is made.
type kind int

const (
	decoded   kind = iota // our own decoders read it
	layered               // so, too; but the original is for editors alone
	vectorPDF             // a PDF, or a file that is one
)

func kindOf(tepin.Media) kind { return decoded }
