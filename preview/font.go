package preview

import (
	"context"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
)

// fontTypes are the types of previews that fonts have.
var fontTypes = []tepin.PreviewType{tepin.PreviewSquare, tepin.PreviewLine}

// FontType reads a type of previews of fonts, in any case; nothing means square.
func FontType(s string) (tepin.PreviewType, error) {
	if s == "" {
		return tepin.PreviewSquare, nil
	}
	return oneOf(s, fontTypes)
}

// squareSide is the side of a font's square, in pixels.
const squareSide = 400

// FontStyle returns a preview of a font style: a square with a few of its letters, or
// a line with its name.
func (s *Service) FontStyle(ctx context.Context, f tepin.FontStyle, t tepin.PreviewType) (File, error) {
	return s.font(ctx, f, fontOrder{Line: t == tepin.PreviewLine, Side: squareSide, Name: f.FamilyName + " " + f.Name})
}

// OldFont returns a preview of a font style in one of the sizes of media, as the older
// API has them: the square.
func (s *Service) OldFont(ctx context.Context, f tepin.FontStyle, t tepin.PreviewType) (File, error) {
	return s.font(ctx, f, fontOrder{Side: sides[t]})
}

// FontFamily returns a preview of a font family, drawn in the style nearest to regular.
func (s *Service) FontFamily(ctx context.Context, f tepin.FontFamily, t tepin.PreviewType) (File, error) {
	styles, err := s.store.FontStyles(ctx, f.EnvironmentID, f.ID, tepin.List{Limit: tepin.MaxLimit})
	if err != nil {
		return File{}, err
	}
	if len(styles.Items) == 0 {
		return File{}, tepin.Errorf(tepin.NotFound, "the font family has no styles any more")
	}
	best := styles.Items[0]
	for _, each := range styles.Items[1:] {
		if fromRegular(each) < fromRegular(best) {
			best = each
		}
	}
	return s.font(ctx, best, fontOrder{Line: t == tepin.PreviewLine, Side: squareSide, Name: f.Name})
}

// fromRegular is how far a style is from what a family is shown in.
func fromRegular(f tepin.FontStyle) int {
	distance := max(f.Weight-400, 400-f.Weight)
	if f.Italic {
		distance += 1000
	}
	return distance
}

func (s *Service) font(ctx context.Context, f tepin.FontStyle, o fontOrder) (File, error) {
	o.Name = strings.TrimSpace(o.Name)
	slot := "square"
	if o.Line {
		slot = "line"
	}
	slot += strconv.Itoa(o.Side)
	name := o.Name
	if !o.Line {
		name = "" // it is not drawn
	}
	wanted := tepin.Preview{
		EnvironmentID: f.EnvironmentID, Kind: tepin.PreviewOfFont, SubjectID: string(f.ID), Slot: slot,
		Key: key("font", version, f.Blob.SHA256, slot, name),
	}
	return s.made(ctx, wanted, func(ctx context.Context) (picture, error) {
		return s.inChild(ctx, f.EnvironmentID, childFont, func(w io.Writer) error {
			if err := json.NewEncoder(w).Encode(o); err != nil {
				return err
			}
			return s.sendPart(ctx, w, source{f.EnvironmentID, f.Blob}, 0, -1)
		}, fontLimits)
	})
}
