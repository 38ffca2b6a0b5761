import type { LiveUpdate } from '../../live/live-update.ts';
import { type About, fetchAbout } from './api.ts';
import { ComparePage } from './compare-page.ts';
import { byId, setAttribute, setText } from './dom.ts';
import { LivePage } from './live-page.ts';
import { type Connection, LiveSource } from './live-source.ts';
import type { Page } from './page.ts';
import { PastPage } from './past-page.ts';
import { RequestPage } from './request-page.ts';
import { RequestsPage } from './requests-page.ts';
import { RunsPage } from './runs-page.ts';
import { ThemeSwitch } from './theme.ts';

const CONNECTION_TEXTS: Readonly<Record<Connection, string>> = {
  connecting: 'connecting',
  open: 'connected',
  lost: 'reconnecting …',
  refused: 'token needed',
};

const theme = new ThemeSwitch();
const main = byId('main');
const keys = byId('keys') as HTMLDialogElement;
let about: About = { version: '', canControl: false, canWriteNotes: false, canListRequests: false };
let page: Page | undefined;

const live = new LiveSource({
  update: (update) => showLive(update),
  connection: (state) => {
    const shown = byId('connection');
    setText(shown, CONNECTION_TEXTS[state]);
    setAttribute(shown, 'data-state', state);
    main.classList.toggle('stale', state === 'lost' && page instanceof LivePage);
  },
});

function showLive(update: LiveUpdate): void {
  if (page instanceof LivePage) page.show(update);
}

/**
 * Shows what the address says: `#/`, `#/runs`, `#/run/<name>`, `#/run/<name>/requests?<query>`, `#/run/<name>/request/<number>?<query>`,
 * `#/compare/<name>/<name>…`.
 */
function route(): void {
  const [path = '', query] = location.hash.replace(/^#\/?/, '').split('?');
  const [kind = '', ...names] = path.split('/').map(decodeURIComponent);
  page?.close();
  page = pageOf(kind, names, new URLSearchParams(query));
  main.classList.remove('stale');
  main.replaceChildren(page.element);
  document.title = `${page.title} – Inferometer`;
  const current = page instanceof LivePage ? 'live' : 'runs';
  for (const link of document.querySelectorAll<HTMLElement>('nav a')) {
    setAttribute(link, 'aria-current', link.dataset.page === current ? 'page' : undefined);
  }
  if (live.latest !== undefined) showLive(live.latest);
}

function pageOf(kind: string, names: readonly string[], query: URLSearchParams): Page {
  if (kind === 'runs') return new RunsPage(theme);
  const [run, part, number = ''] = names;
  if (kind === 'run' && run !== undefined && part === 'requests') return new RequestsPage(run, query);
  if (kind === 'run' && run !== undefined && part === 'request' && /^\d+$/.test(number))
    return new RequestPage(run, Number(number), query);
  if (kind === 'run' && names[0] !== undefined) return new PastPage(names[0], theme, about);
  if (kind === 'compare' && names.length > 0) return new ComparePage(names, theme);
  return new LivePage(theme, about);
}

const SHORTCUTS: Readonly<Record<string, () => void>> = {
  l: () => (location.hash = '#/'),
  r: () => (location.hash = '#/runs'),
  t: () => theme.toggle(),
  c: () => {
    if (page instanceof RunsPage) page.compare();
  },
  n: () => {
    if (page instanceof RequestPage) page.step('next');
  },
  p: () => {
    if (page instanceof RequestPage) page.step('previous');
  },
  '/': () => {
    if (page instanceof RequestsPage) {
      page.focusSearch();
      return;
    }
    if (!(page instanceof RunsPage)) location.hash = '#/runs';
    // The list is there once the address is followed.
    setTimeout(() => {
      if (page instanceof RunsPage) page.focusSearch();
    });
  },
  '?': () => keys.showModal(),
};

function onKey(event: KeyboardEvent): void {
  const isTyping =
    event.target instanceof HTMLTextAreaElement ||
    event.target instanceof HTMLSelectElement ||
    (event.target instanceof HTMLInputElement && event.target.type !== 'checkbox');
  if (isTyping || keys.open || event.ctrlKey || event.metaKey || event.altKey) return;
  const action = SHORTCUTS[event.key];
  if (action === undefined) return;
  event.preventDefault();
  action();
}

byId('theme').addEventListener('click', () => theme.toggle());
byId('help').addEventListener('click', () => keys.showModal());
document.querySelector('.skip')?.addEventListener('click', (event) => {
  // The address is the page's own: following the link would leave it.
  event.preventDefault();
  main.focus();
});
document.addEventListener('keydown', onKey);
window.addEventListener('hashchange', route);
about = await fetchAbout().catch(() => about);
route();
