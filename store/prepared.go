package store

import (
	"context"
	"database/sql"
	"sync"
)

// maxPrepared bounds the statements that a pool prepares. Searches and page sizes make
// many different ones; those beyond it are planned each time.
const maxPrepared = 128

// pool is a database that is only read. On SQLite, where planning a query costs more
// than most queries, it prepares each statement once for each connection; pgx does
// so by itself.
type pool struct {
	*sql.DB
	prepares bool

	mu       sync.RWMutex
	prepared map[string]*sql.Stmt
}

// QueryContext is that of [sql.DB].
func (p *pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if st := p.statement(ctx, query); st != nil {
		return st.QueryContext(ctx, args...)
	}
	return p.DB.QueryContext(ctx, query, args...)
}

// QueryRowContext is that of [sql.DB].
func (p *pool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if st := p.statement(ctx, query); st != nil {
		return st.QueryRowContext(ctx, args...)
	}
	return p.DB.QueryRowContext(ctx, query, args...)
}

// statement returns the prepared query; nil where it is not to be prepared, or cannot
// be, which the query itself will tell.
func (p *pool) statement(ctx context.Context, query string) *sql.Stmt {
	if !p.prepares {
		return nil
	}
	p.mu.RLock()
	st, n := p.prepared[query], len(p.prepared)
	p.mu.RUnlock()
	if st != nil || n >= maxPrepared {
		return st
	}
	made, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if st := p.prepared[query]; st != nil { // another was first
		_ = made.Close() // nothing waits in it
		return st
	}
	if p.prepared == nil {
		p.prepared = map[string]*sql.Stmt{}
	}
	p.prepared[query] = made
	return made
}
