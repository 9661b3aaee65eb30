// What plain pages and forms cannot do: dialogs that hold the focus, Escape, focus
// that returns to where it came from, counters, copying, the permissions matrix.
'use strict';
{
  const find = (selector) => document.querySelector(selector);
  const all = (selector) => document.querySelectorAll(selector);
  const say = (text) => { find('#live').textContent = text; };
  const narrow = matchMedia('(max-width: 767px)');

  // ---- overlays: the dialog over the page, and the panel at its right

  const overlays = () => {
    const dialog = find('dialog[data-modal]');
    const panel = find('#panel');
    return {
      page: location.pathname,
      dialog: dialog && dialog.dataset.return,
      panel: panel && panel.dataset.return,
      key: panel && panel.dataset.key,
      scroll: panel ? panel.querySelector('[data-scroll]').scrollTop : 0,
    };
  };

  let before = null;

  // arrange makes a new view behave, given what was open in the one before.
  const arrange = () => {
    const was = before || {};
    const now = overlays();
    before = null;
    all('[data-limit]').forEach(count);
    all('[data-matrix]').forEach(matrix);
    all('form[data-guard]').forEach((form) => { form.dataset.was = form.querySelector('[data-unsaved]').hidden ? state(form) : ''; });
    const done = find('.notice.ok');
    if (done) say(done.textContent.trim());

    const tab = find('#view > .tabs [aria-current]');
    if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - 48;

    const panel = find('#panel');
    if (panel) {
      if (!was.panel) panel.classList.add('enter');
      if (was.key === now.key) panel.querySelector('[data-scroll]').scrollTop = was.scroll;
    }
    cover(panel);

    const dialog = find('dialog[data-modal]');
    if (dialog) {
      dialog.removeAttribute('open');
      dialog.showModal();
    }

    const wrong = find('[aria-invalid=true]');
    const back = (was.dialog && !now.dialog && find(was.dialog))
      || (was.panel && !now.panel && find(was.panel));
    if (wrong) wrong.focus();
    else if (dialog) return;
    else if (back) back.focus();
    else if (panel && (was.page || document.activeElement === document.body) && was.panel !== now.panel) find('#panel-title').focus();
    else if (was.page && document.activeElement === document.body) find('#view').focus({ preventScroll: true });
  };

  // On a narrow screen the panel covers the page, which then is out of reach.
  const cover = (panel) => {
    for (const element of document.querySelectorAll('.bar, #view > :not(#panel, dialog)')) {
      element.inert = Boolean(panel) && narrow.matches;
    }
  };
  narrow.addEventListener('change', () => cover(find('#panel')));

  const state = (form) => new URLSearchParams(new FormData(form)).toString();
  const typed = (root) => [...root.querySelectorAll('form[data-guard]')].some((form) => state(form) !== form.dataset.was);

  // changed says whether a form differs from what is saved; "Saved." goes then.
  const changed = (form) => {
    if (!form.matches('[data-guard]')) return;
    const yes = state(form) !== form.dataset.was;
    form.querySelector('[data-unsaved]').hidden = !yes;
    if (yes) all('[data-test=form-saved]').forEach((notice) => notice.remove());
  };

  const leave = (overlay) => {
    if (overlay.dataset.keep !== undefined) return;
    overlay.querySelector('[data-close]').click();
  };

  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    const overlay = find('dialog[data-modal]') || find('#panel');
    if (overlay) {
      event.preventDefault(); // or the browser closes the dialog itself, at the second Escape whatever it holds
      leave(overlay);
    }
  });

  // Links away from a form with changes ask first. While a form is on its way there is
  // nowhere to go: its answer may hold a secret that is shown once.
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href]');
    if (!link || link.target || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const waiting = [...underWay].some((form) => form.method === 'post');
    if (waiting || (typed(document) && !confirm('Leave without saving what you changed?'))) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);

  for (const type of ['cancel', 'close']) {
    document.addEventListener(type, (event) => {
      if (!event.target.matches('dialog[data-modal]')) return;
      event.preventDefault();
      leave(event.target);
    }, true);
  }

  // A click on the backdrop is a click on the dialog itself.
  document.addEventListener('mousedown', (event) => {
    if (event.target.matches('dialog[data-modal]')) leave(event.target);
  });

  document.addEventListener('htmx:beforeSwap', () => { before = overlays(); });
  document.addEventListener('htmx:load', (event) => {
    if (event.target === document.body || event.target.id === 'view') arrange();
  });
  // What was saved is said once, not again when the page is loaded anew.
  const saidOnce = () => {
    if (location.search === '?saved') history.replaceState(history.state, '', location.pathname);
  };
  saidOnce();
  document.addEventListener('htmx:afterSettle', () => {
    saidOnce();
    if (shown !== base()) scrollTo(0, 0);
    shown = base();
  });
  const base = () => location.pathname.split('/').slice(0, 3).join('/');
  let shown = base();

  // A form that is on its way is not sent twice. Its buttons keep the focus, which
  // disabled ones would lose.
  const underWay = new Set();
  const sending = (form, yes) => {
    if (!form.matches('form')) return;
    if (yes) underWay.add(form);
    else underWay.delete(form);
    for (const button of form.querySelectorAll('button[type=submit]')) button.ariaDisabled = yes ? 'true' : null;
  };
  document.addEventListener('submit', (event) => {
    if (!underWay.has(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  document.addEventListener('htmx:beforeRequest', (event) => sending(event.detail.requestConfig.elt, true));
  document.addEventListener('htmx:afterRequest', (event) => sending(event.detail.requestConfig.elt, false));

  // The forms that htmx does not send load a page, which nobody hears of when it is stopped.
  document.addEventListener('submit', (event) => {
    if (event.defaultPrevented) return;
    sending(event.target, true);
    setTimeout(() => sending(event.target, false), 10_000);
  });
  addEventListener('pageshow', () => underWay.forEach((form) => sending(form, false)));

  document.addEventListener('htmx:sendError', () => { find('#offline').hidden = false; });
  document.addEventListener('htmx:afterOnLoad', () => { find('#offline').hidden = true; });

  // ---- fields

  // count shows how many characters a field holds of how many it may hold.
  const count = (field) => {
    const counter = find(`[data-counter="${CSS.escape(field.id)}"]`);
    const limit = Number(field.dataset.limit);
    const n = [...field.value.normalize('NFC').trim()].length;
    counter.textContent = `${n} / ${limit}`;
    counter.classList.toggle('over', n > limit);
  };

  document.addEventListener('input', (event) => {
    const field = event.target;
    if (field.dataset.limit) count(field);
    if (field.dataset.suggest) suggest(field, document.getElementById(field.dataset.suggest));
    if (field.dataset.column) matrix(field.form);
    if (field.form) changed(field.form);
  });

  // suggest derives a technical name, until it has been typed by hand.
  const suggest = (from, to) => {
    if (to.dataset.suggested === undefined && to.value) return;
    if (to.dataset.suggested !== undefined && to.value !== to.dataset.suggested) return;
    to.value = from.value.normalize('NFKD').toLowerCase().replace(/[\u0300-\u036f]/g, '')
      .replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 63).replace(/-+$/, '');
    to.dataset.suggested = to.value;
  };

  // Enter in a text of one line sends its form, however many rows it shows.
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.isComposing || !event.target.matches('textarea')) return;
    event.preventDefault();
    event.target.form.requestSubmit();
  });

  // ---- permissions

  // matrix keeps the boxes above the columns in step with the columns.
  const matrix = (form) => {
    for (const box of form.querySelectorAll('[data-all]')) {
      const column = [...form.querySelectorAll(`[data-column="${box.dataset.all}"]`)];
      const ticked = column.filter((cell) => cell.checked).length;
      box.checked = ticked === column.length;
      box.indeterminate = ticked > 0 && ticked < column.length;
    }
  };

  document.addEventListener('change', (event) => {
    const box = event.target.closest('[data-all]');
    if (!box) return;
    for (const cell of box.form.querySelectorAll(`[data-column="${box.dataset.all}"]`)) cell.checked = box.checked;
    matrix(box.form);
    changed(box.form);
  });

  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-matrix] button[name=preset]');
    if (!button) return;
    event.preventDefault();
    const form = button.closest('[data-matrix]');
    for (const cell of form.querySelectorAll('[data-column]')) {
      cell.checked = button.value === 'all' || ['read', 'list'].includes(cell.dataset.column);
    }
    matrix(form);
    changed(form);
  }, true);

  // ---- copying

  const copy = async (element) => {
    const text = element.textContent;
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    getSelection().selectAllChildren(element); // plain HTTP: the old way
    if (!document.execCommand('copy')) throw new Error('refused');
  };

  document.addEventListener('click', async (event) => {
    const button = event.target.closest('[data-copy]');
    if (!button) return;
    const label = button.querySelector('[data-copy-label]');
    const source = document.getElementById(button.dataset.copy);
    try {
      await copy(source);
      label.textContent = 'Copied';
      button.classList.add('done');
      say('Copied');
    } catch {
      getSelection().selectAllChildren(source);
      label.textContent = 'Press Ctrl C';
      say('The text is selected: copy it with Control C.');
    }
    setTimeout(() => {
      label.textContent = 'Copy';
      button.classList.remove('done');
    }, 2000);
  });

  // ---- light and dark

  find('#theme').addEventListener('click', () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
    try {
      localStorage.setItem('tepin-theme', root.dataset.theme);
    } catch {
      // Not kept: it lasts as long as this page.
    }
  });
}
