package main

import (
	"context"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/connector"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/job"
	"github.com/tepin/tepin/outbound"
	"github.com/tepin/tepin/store"
)

// newConnectors returns what makes the calls of connectors, and gives environments that are
// older than them their built-in ones.
func newConnectors(ctx context.Context, db *store.Store, keys *credential.Keys, foreign *outbound.Client) (*connector.Proxy, error) {
	instance, err := db.Instance(ctx)
	if err != nil {
		return nil, err
	}
	if err := db.AddBuiltInConnectors(ctx); err != nil {
		return nil, err
	}
	return &connector.Proxy{Store: db, Outbound: foreign, Instance: instance.ID, Seal: keys.SealPlace, Open: keys.OpenPlace, SealedBy: keys.Seal.ID()}, nil
}

// stagedFiles is the housekeeping of files that no connector has uploaded.
func stagedFiles(db *store.Store) job.Sweep {
	return job.Sweep{Name: "staged files", Every: 10 * time.Minute, Do: func(ctx context.Context) error {
		_, err := db.ExpireStagedFiles(ctx, time.Now().Add(-tepin.StagedKept))
		return err
	}}
}
