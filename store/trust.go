package store

import "github.com/tepin/tepin"

const trustColumns = `id, environment_id, integration_id, kind, label, keys, url, subject, audience, thumbprint, created_by, created_at, not_before, expires_at, last_used_at, last_used_from`

func scanTrust(r row) (v tepin.Trust, err error) {
	err = r.Scan(&v.ID, &v.EnvironmentID, &v.IntegrationID, &v.Kind, &v.Label, &v.Keys, &v.URL, &v.Subject, &v.Audience, &v.Thumbprint, &v.CreatedBy,
		at(&v.CreatedAt), at(&v.NotBefore), at(&v.ExpiresAt), at(&v.LastUsedAt), &v.LastUsedFrom)
	return v, err
}
