package grant

import (
	"sync"

	"github.com/tepin/tepin"
)

// memory keeps the tokens that were handed out last, so that most requests need
// neither a query nor a signature. What it forgets is signed again from its row.
type memory struct {
	mu      sync.RWMutex
	clients map[tepin.IntegrationID]map[tepin.GrantKey]signed
	size    int
}

func (m *memory) get(key tepin.GrantKey) (signed, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	t, ok := m.clients[key.IntegrationID][key]
	return t, ok
}

// put remembers a token, at the cost of the client's own oldest one or, when memory
// is full, of any client's.
func (m *memory) put(t signed) {
	t.fresh = false
	key := t.grant.Key
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.clients == nil {
		m.clients = map[tepin.IntegrationID]map[tepin.GrantKey]signed{}
	}
	if _, known := m.clients[key.IntegrationID][key]; !known {
		if len(m.clients[key.IntegrationID]) >= perClient {
			m.forget(key.IntegrationID)
		}
		for id := range m.clients { // in random order
			if m.size < inAll {
				break
			}
			m.forget(id)
		}
		m.size++
	}
	if m.clients[key.IntegrationID] == nil {
		m.clients[key.IntegrationID] = map[tepin.GrantKey]signed{}
	}
	m.clients[key.IntegrationID][key] = t
}

// forget drops the oldest token of a client.
func (m *memory) forget(id tepin.IntegrationID) {
	var oldest tepin.GrantKey
	first := true
	for key, t := range m.clients[id] {
		if first || t.grant.IssuedAt.Before(m.clients[id][oldest].grant.IssuedAt) {
			oldest, first = key, false
		}
	}
	delete(m.clients[id], oldest)
	m.size--
	if len(m.clients[id]) == 0 {
		delete(m.clients, id)
	}
}
