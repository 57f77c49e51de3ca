// What a page does when scripts run: filters swap without a reload, addresses copy, charts answer the pointer. Nothing here is needed to read.
import 'htmx.org';

function mount(root) {
  if (root.querySelector('[data-chart]')) import('./charts.js').then(charts => charts.mount(root));
}

function say(text) {
  const live = document.getElementById('live');
  if (live) live.textContent = text;
}

document.addEventListener('click', event => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  event.preventDefault();
  const text = button.dataset.copy || location.href;
  navigator.clipboard.writeText(text).then(() => {
    const label = button.textContent;
    button.textContent = button.dataset.copied;
    say(button.dataset.copied);
    setTimeout(() => { button.textContent = label; }, 1600);
  });
});

// `/` leads to the search box, Escape and a click elsewhere close what is open
document.addEventListener('keydown', event => {
  const open = [...document.querySelectorAll('.menu-box[open], .help[open]')];
  if (event.key === 'Escape' && open.length) {
    open.forEach(box => {
      const held = box.contains(document.activeElement);
      box.open = false;
      if (held) box.querySelector('summary').focus();
    });
    return;
  }
  const typing = event.target.closest('input, select, textarea, [contenteditable]');
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || typing) return;
  const menu = document.querySelector('.menu-box');
  const box = [...document.querySelectorAll('.find-box input')].find(one => one.offsetParent) || document.getElementById('find-phone');
  if (!box) return;
  event.preventDefault();
  if (menu && menu.contains(box)) menu.open = true;
  box.focus();
  box.select();
});
document.addEventListener('click', event => {
  document.querySelectorAll('.menu-box[open], .help[open]').forEach(box => { if (!box.contains(event.target)) box.open = false; });
});

document.addEventListener('htmx:afterSettle', event => {
  mount(document);
  const count = document.querySelector('[data-count]');
  if (count && event.detail.elt && event.detail.elt.id === 'main') say(count.dataset.count);
});
document.addEventListener('htmx:historyRestore', () => mount(document));
// an answer that is no page (a fault of the network) must not leave the reader with a control that seems to do nothing
document.addEventListener('htmx:sendError', () => { location.reload(); });
document.addEventListener('htmx:responseError', event => { location.assign(event.detail.pathInfo.requestPath); });
// a file that a job reads: each change of the job moves the bar, at its end the page is loaded anew
const job = document.querySelector('[data-job]');
if (job) {
  const bar = job.querySelector('progress'), step = job.querySelector('[data-step]');
  const source = new EventSource(`/api/v1/jobs/${job.dataset.job}/events`);
  const heard = event => {
    const told = JSON.parse(event.data);
    bar.value = told.permille;
    if (told.problem) { source.close(); step.textContent = told.problem.detail; say(told.problem.detail); }
    if (told.status === 'done') { source.close(); location.replace(location.pathname); }
  };
  ['progress', 'done', 'failed'].forEach(name => source.addEventListener(name, heard));
}
document.documentElement.classList.add('js');
mount(document);
