// Pictures that are still being made, and files that are sent: by the button, or by
// dropping them onto the page.
'use strict';
{
  const find = (selector) => document.querySelector(selector);
  const say = (text) => { find('#live').textContent = text; };

  // ---- pictures

  // A picture that is still being made is asked for again, each time later. One that
  // cannot be made shows why, where there is room.
  const waits = [600, 1200, 2500, 5000, 10_000, 20_000];
  const again = async (img) => {
    const tries = Number(img.dataset.tries || 0);
    const answer = await fetch(img.src, { headers: { Accept: 'image/*' } }).catch(() => null);
    if (!img.isConnected) return;
    if (answer && answer.ok && tries < waits.length) { // 200: it was made meanwhile
      img.dataset.tries = tries + 1;
      setTimeout(() => { if (img.isConnected) img.src = img.src; }, answer.status === 202 ? waits[tries] : 0);
      return;
    }
    img.hidden = true;
    const why = img.parentElement.querySelector('[data-why]');
    if (!why || !answer || answer.ok) return;
    const problem = await answer.json().catch(() => ({}));
    why.textContent = problem.detail ? problem.detail.replace(/^./, (c) => c.toUpperCase()) : 'There is no picture of this.';
    why.hidden = false;
  };
  document.addEventListener('error', (event) => {
    if (event.target.matches && event.target.matches('img[data-picture]')) again(event.target);
  }, true);
  document.addEventListener('load', (event) => {
    if (event.target.matches && event.target.matches('img[data-picture]')) event.target.classList.add('there');
  }, true);
  const look = () => {
    for (const img of document.querySelectorAll('img[data-picture]')) {
      if (img.complete && img.naturalWidth) img.classList.add('there');
      else if (img.complete && img.src && img.loading !== 'lazy') again(img);
    }
  };
  document.addEventListener('htmx:load', look);
  look();

  // ---- uploads

  // Two files travel at a time, so that one that is large does not hold up the others.
  const atOnce = 2;
  const waiting = [];
  let travelling = 0;
  let arrived = false; // since the page was last loaded

  const row = (file) => {
    const li = document.createElement('li');
    const name = document.createElement('span');
    name.className = 'name';
    name.textContent = file.name;
    const bar = document.createElement('progress');
    bar.max = 1;
    bar.value = 0;
    bar.ariaLabel = `Upload of ${file.name}`;
    const state = document.createElement('span');
    state.className = 'state-text';
    state.textContent = 'Waiting';
    const stop = document.createElement('button');
    stop.type = 'button';
    stop.className = 'quiet';
    stop.textContent = 'Cancel';
    li.append(name, state, bar, stop);
    find('#uploads-list').append(li);
    find('#uploads').hidden = false;
    li.scrollIntoView({ block: 'nearest' });
    return { li, bar, state, stop };
  };

  const finish = (job, kind, text) => {
    const { li, bar, state, stop } = job.row;
    li.className = kind;
    state.textContent = text;
    bar.remove();
    stop.remove();
    say(`${job.file.name}: ${text}`);
    next();
  };

  const send = (job) => {
    const { bar, state, stop } = job.row;
    const request = new XMLHttpRequest();
    travelling++;
    stop.onclick = () => request.abort();
    request.open('POST', job.action);
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('X-CSRF-Token', job.token);
    request.upload.onprogress = (event) => {
      if (!event.lengthComputable) return;
      bar.value = event.loaded / event.total;
      state.textContent = event.loaded === event.total ? 'Being checked' : `${Math.floor(100 * bar.value)} %`;
    };
    request.upload.onload = () => { state.textContent = 'Being checked'; bar.removeAttribute('value'); };
    const over = (kind, text) => { travelling--; finish(job, kind, text); };
    request.onabort = () => over('bad', 'Cancelled');
    request.onerror = () => over('bad', 'The server cannot be reached. Try again.');
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* a page, not JSON */ }
      if (request.status === 201) {
        arrived = !job.files;
        over('ok', 'Uploaded');
        if (job.files) location.assign(answer.path); // to what is to be decided of them
      } else {
        over('bad', answer.detail ? answer.detail.replace(/^./, (c) => c.toUpperCase()) : `Refused (${request.status}).`);
      }
    };
    const form = new FormData();
    for (const file of job.files || [job.file]) form.append('file', file, file.name);
    request.send(form);
  };

  // next sends what waits; when all has arrived, the list is read anew.
  const next = () => {
    while (travelling < atOnce && waiting.length) send(waiting.shift());
    if (travelling || waiting.length || !arrived) return;
    arrived = false;
    const busy = document.querySelector('dialog[data-modal], #panel form[data-guard] [data-unsaved]:not([hidden])');
    if (find('[data-upload]') && !busy) {
      window.htmx.ajax('GET', location.pathname + location.search, { target: '#view', select: '#view', swap: 'outerHTML show:none' });
    }
  };

  const take = (form, files) => {
    const common = { action: form.action, token: form.dataset.token };
    if (form.dataset.upload === 'together') {
      const named = { name: files.length === 1 ? files[0].name : `${files.length} files` };
      const job = { ...common, files, file: named, row: row(named) };
      job.row.stop.onclick = () => { waiting.splice(waiting.indexOf(job), 1); finish(job, 'bad', 'Cancelled'); };
      waiting.push(job);
      return next();
    }
    for (const file of files) {
      const job = { ...common, file, row: row(file) };
      job.row.stop.onclick = () => { waiting.splice(waiting.indexOf(job), 1); finish(job, 'bad', 'Cancelled'); };
      waiting.push(job);
    }
    next();
  };

  document.addEventListener('change', (event) => {
    const form = event.target.type === 'file' && event.target.closest('[data-upload]');
    if (!form) return;
    take(form, [...event.target.files]);
    event.target.value = '';
  });

  find('#uploads-close').addEventListener('click', () => {
    if (travelling || waiting.length) {
      find('#uploads').classList.toggle('small');
      return;
    }
    find('#uploads').hidden = true;
    find('#uploads-list').replaceChildren();
  });
  addEventListener('beforeunload', (event) => { if (travelling || waiting.length) event.preventDefault(); });

  // ---- dropping

  const target = () => !document.querySelector('dialog[data-modal]') && find('[data-upload]');
  const brings = (event) => event.dataTransfer && [...event.dataTransfer.types].includes('Files');
  let depth = 0;
  const mark = (on) => document.documentElement.classList.toggle('dropping', on);
  document.addEventListener('dragenter', (event) => {
    if (!brings(event) || !target()) return;
    event.preventDefault();
    depth++;
    mark(true);
  });
  document.addEventListener('dragleave', (event) => {
    if (!brings(event)) return;
    depth = Math.max(0, depth - 1);
    if (!depth) mark(false);
  });
  document.addEventListener('dragover', (event) => {
    if (!brings(event)) return;
    event.preventDefault(); // or the browser opens the file in place of the page
    event.dataTransfer.dropEffect = target() ? 'copy' : 'none';
  });
  document.addEventListener('drop', (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    depth = 0;
    mark(false);
    const form = target();
    if (form) take(form, [...event.dataTransfer.files]);
  });
}
