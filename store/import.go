package store

import (
	"context"

	"github.com/tepin/tepin"
)

// CreateImport adds a template or a component with the media and fonts that came with it,
// whose bytes are written already: all of it, or nothing.
func (s *Store) CreateImport(ctx context.Context, by tepin.Actor, v tepin.Import) error {
	return s.write(ctx, func(t *tx) error {
		for i := range v.Media {
			if err := t.insertMedia(ctx, by, &v.Media[i]); err != nil {
				return err
			}
		}
		for _, u := range v.Fonts {
			if err := checkNames(u.FamilyName, u.Name, u.FileName); err != nil {
				return err
			}
			if err := t.claimBlob(ctx, v.EnvironmentID, tepin.StoredFonts, u.Blob); err != nil {
				return err
			}
			made, err := t.confirm(ctx, u)
			if err != nil {
				return err
			}
			t.record(string(v.EnvironmentID), by, "font.create", string(made.ID), map[string]any{"family": made.FamilyName, "style": made.Name, "sha256": made.Blob.SHA256})
		}
		if v.Component != nil {
			return t.insertComponent(ctx, by, v.Component)
		}
		return t.insertTemplate(ctx, by, v.Template)
	})
}
