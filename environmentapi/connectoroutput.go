package environmentapi

import (
	"context"
	"io"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/connector"
	"github.com/tepin/tepin/output"
)

// OutputConnectors is how outputs reach connectors.
func OutputConnectors(r *connector.Runner) output.Connectors {
	return output.Connectors{
		Download: func(ctx context.Context, p output.Picture) (io.ReadCloser, error) {
			v, err := r.Store.Connector(ctx, p.Environment, p.Connector)
			if tepin.KindOf(err) == tepin.NotFound || err == nil && v.ScriptSource == tepin.DefaultMedia {
				return nil, output.ErrOwnMedia
			}
			if err != nil {
				return nil, err
			}
			m, err := r.Media(connector.Run{Connector: v, Usage: tepin.ServerUsage, By: p.By, Context: p.Context})
			if err != nil {
				return nil, err
			}
			f, err := m.Download(ctx, p.ID, connector.FullRes, connector.Intent(p.Intent))
			if err != nil {
				return nil, err // not f: a nil pointer is no nil interface
			}
			return f, nil
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
