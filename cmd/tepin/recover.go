package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// runRecover makes a database that was restored, or that another took over from, safe to
// go on with: it has forgotten what was withdrawn since (S9).
func runRecover(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	c, err := loadConfig("recover", args, env, stderr, dataSettings, nil)
	if err != nil {
		return err
	}
	return withData(ctx, c, func(d *data) error {
		at, err := d.db.Recover(ctx, tepin.System)
		if err != nil {
			return err
		}
		if err := d.keyring().Ensure(ctx); err != nil {
			return err
		}
		dir, err := d.db.Directory(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "Tokens from before %s are refused, all sessions and sign-ins have ended, and there are new signing keys.\n\n"+
			"These credentials work. Delete those that had been withdrawn after the backup was made, or that nobody knows.\n"+
			"People's passwords and roles are those of the backup, too.\n\n", at.Format(time.RFC3339))
		return printCredentials(stdout, dir, time.Now())
	})
}

// printCredentials lists what integrations can authenticate with at a time.
func printCredentials(w io.Writer, dir store.Directory, now time.Time) error {
	environments := map[tepin.EnvironmentID]string{}
	for _, e := range dir.Environments {
		environments[e.ID] = e.TechnicalName
	}
	integrations := map[tepin.IntegrationID]tepin.Integration{}
	for _, i := range dir.Integrations {
		integrations[i.ID] = i
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ENVIRONMENT\tINTEGRATION\tCREDENTIAL\tLABEL\tID\tCREATED\tBY\tENDS\tLAST USED")
	line := func(id tepin.IntegrationID, what, label, credential string, created time.Time, by string, ends, used time.Time) {
		i := integrations[id]
		name := i.Name
		if !i.Enabled {
			name += " (disabled)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", environments[i.EnvironmentID], name, what, cmp.Or(label, "-"), credential,
			shortTime(created, time.Time{}), cmp.Or(by, "-"), shortTime(ends, time.Time{}), shortTime(used, time.Time{}))
	}
	for _, s := range dir.Secrets {
		if s.LiveAt(now) || s.NotBefore.After(now) {
			line(s.IntegrationID, "secret …"+s.LastFour, s.Label, string(s.ID), s.CreatedAt, s.CreatedBy, s.ExpiresAt, s.LastUsedAt)
		}
	}
	for _, v := range dir.Trusts {
		if v.LiveAt(now) || v.NotBefore.After(now) {
			line(v.IntegrationID, string(v.Kind), v.Label, string(v.ID), v.CreatedAt, v.CreatedBy, v.ExpiresAt, v.LastUsedAt)
		}
	}
	return t.Flush()
}
