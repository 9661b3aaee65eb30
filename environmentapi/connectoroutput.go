package environmentapi

import (
	"context"
	"io"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/connector"
	"github.com/tepin/tepin/output"
)

// OutputConnectors is how outputs and previews reach connectors.
func OutputConnectors(r *connector.Runner) output.Connectors {
	return output.Connectors{
		Download: func(ctx context.Context, w output.Wanted) (io.ReadCloser, error) {
			v, err := r.Store.Connector(ctx, w.Environment, w.Connector)
			if tepin.KindOf(err) == tepin.NotFound || err == nil && (v.ScriptSource == tepin.DefaultMedia || v.ScriptSource == tepin.DefaultFonts) {
				return nil, output.ErrOwnMedia
			}
			if err != nil {
				return nil, err
			}
			f, err := download(ctx, r, v, w)
			if err != nil {
				return nil, err // not f: a nil pointer is no nil interface
			}
			return f, nil
		},
		Data: func(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, of output.DataSource) error {
			v, err := r.Store.Connector(ctx, env, of.Connector)
			if err == nil {
				_, err = r.Data(connector.Run{Connector: v, Usage: tepin.ServerUsage, By: by})
			}
			return err
		},
		Rows: func(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, of output.DataSource, rows int, bytes int64) ([]map[string]any, error) {
			v, err := r.Store.Connector(ctx, env, of.Connector)
			if err != nil {
				return nil, err
			}
			d, err := r.Data(connector.Run{Connector: v, Usage: tepin.ServerUsage, By: by, Context: of.Context})
			if err != nil {
				return nil, err
			}
			return d.Rows(ctx, rows, bytes)
		},
	}
}

// download asks a connector for a picture or a font. Outputs have pictures at full size,
// with the credential of the server. Previews are looked at over HTTP by whoever may see the
// document, so that they have no more than the connector gives there (S32): the browser's
// credential goes along, and nobody has signed in.
func download(ctx context.Context, r *connector.Runner, v tepin.Connector, w output.Wanted) (*connector.File, error) {
	run, size := connector.Run{Connector: v, Usage: tepin.ServerUsage, By: w.By, Context: w.Context}, connector.FullRes
	if w.Preview {
		run.Usage, size = tepin.BrowserUsage, connector.HighRes
	}
	if w.Font {
		f, err := r.Fonts(run)
		if err != nil {
			return nil, err
		}
		return f.Download(ctx, w.ID)
	}
	m, err := r.Media(run)
	if err != nil {
		return nil, err
	}
	return m.Download(ctx, w.ID, size, connector.Intent(w.Intent))
}
