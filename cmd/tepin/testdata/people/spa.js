// A page that signs people in by auth0-spa-js, as the Studio's development harness does.
'use strict';
(async () => {
  const settings = await (await fetch('/settings.json')).json();
  const client = await auth0.createAuth0Client({
    domain: settings.server,
    clientId: settings.clientId,
    cacheLocation: 'localstorage',
    useRefreshTokens: true,
    authorizationParams: { redirect_uri: location.origin + '/', audience: 'https://chiligrafx.com', scope: 'openid profile email offline_access' },
  });
  window.client = client;
  const say = (text) => { document.getElementById('state').textContent = text; };
  try {
    if (location.search.includes('code=') || location.search.includes('error=')) {
      await client.handleRedirectCallback();
      history.replaceState(null, '', '/');
    }
    say(await client.isAuthenticated() ? 'signed in' : 'signed out');
  } catch (error) {
    say('refused: ' + error.error);
  }
})();
