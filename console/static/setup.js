// Moves the one-time code from the address into the form. The part after # is never
// sent with a request for the page, and here it leaves the address bar too.
'use strict';
{
  const field = document.getElementById('token');
  const code = location.hash.slice(1);
  if (code) {
    field.value = code;
    history.replaceState(null, '', location.pathname);
  }
  if (field.value && !document.getElementById('token-error').textContent) {
    document.getElementById('token-field').hidden = true;
  }
}
