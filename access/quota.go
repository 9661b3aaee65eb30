package access

import "github.com/tepin/tepin"

// Quotas returns the quota of a client's environment and its own, as they are known
// here: what an administrator changes counts on every node within P5. A client that is
// unknown has none.
func (d *Directory) Quotas(id tepin.ClientID) (ofEnvironment, ofIntegration tepin.Quota) {
	v := d.view.Load()
	if !v.quotas {
		return ofEnvironment, ofIntegration
	}
	if c := v.clients[id]; c != nil {
		return c.environment.Quota, c.integration.Quota
	}
	return ofEnvironment, ofIntegration
}
