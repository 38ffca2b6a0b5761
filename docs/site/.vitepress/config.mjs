// The site is made of the pages in docs/ as they are. A page that no group names is listed at the end of its own, so none is lost.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitepress';

const docs = join(import.meta.dirname, '../..');
const REPOSITORY = 'https://github.com/inferometer/inferometer';

const GROUPS = {
  'Getting started': ['tutorial', 'datasets', 'configuration', 'probe', 'live', 'web', 'report'],
  'How to': [
    'ci',
    'studies',
    'answers',
    'conversations',
    'formats',
    'connections',
    'protocols',
    'migration',
    'interop',
    'library',
    'extending',
  ],
  Understanding: ['measurement', 'performance', 'reliability', 'security', 'departures', 'glossary'],
  Inside: ['architecture', 'code-tour', 'wire-format', 'dependencies'],
};

const titleOf = (page) => /^# (.*)$/m.exec(readFileSync(join(docs, `${page}.md`), 'utf8'))[1];
const item = (page) => ({ text: titleOf(page), link: `/${page}` });
const pages = globSync('*.md', { cwd: docs })
  .map((file) => file.replace(/\.md$/, ''))
  .filter((page) => page !== 'index');
const named = Object.values(GROUPS).flat();
const unnamed = pages.filter((page) => !named.includes(page)).sort();
const adrs = globSync('adr/0*.md', { cwd: docs })
  .map((file) => file.replace(/\.md$/, ''))
  .sort();

export default defineConfig({
  srcDir: 'pages',
  outDir: '../../dist-site',
  cacheDir: '../../.cache/vitepress',
  // Opens from a folder or any path of a server.
  base: process.env.SITE_BASE ?? '/',
  title: 'Inferometer',
  description: 'Load tests for LLM inference endpoints, with evidence that the numbers are right',
  cleanUrls: false,
  lastUpdated: false,
  markdown: {
    linkify: false,
    config: (markdown) => {
      // Braces in code are no expressions of Vue.
      const { code_inline: codeInline } = markdown.renderer.rules;
      markdown.renderer.rules.code_inline = (tokens, at, ...rest) => {
        tokens[at].attrSet('v-pre', '');
        return codeInline(tokens, at, ...rest);
      };
      // Files of the repository that are no pages are read there.
      markdown.core.ruler.push('links_into_the_repository', (state) => {
        const folder = state.env.relativePath?.includes('/') ? 'docs/adr/' : 'docs/';
        for (const token of state.tokens) {
          // Indented code is drawn as fenced code is.
          if (token.type === 'code_block') Object.assign(token, { type: 'fence', tag: 'code', info: 'txt' });
        }
        for (const { children } of state.tokens) {
          for (const token of children ?? []) {
            const href = token.type === 'link_open' ? token.attrGet('href') : null;
            if (href === null || /^(https?:|#|mailto:)/.test(href)) continue;
            const path = join(folder, href.replace(/#.*$/, ''));
            const isPage = /^docs\/(adr\/)?[^/]+\.(md|html)$/.test(path);
            if (!isPage) token.attrSet('href', `${REPOSITORY}/blob/main/${path}`);
          }
        }
      });
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Tutorial', link: '/tutorial' },
      { text: 'Settings', link: '/configuration' },
      { text: 'Changes', link: `${REPOSITORY}/blob/main/CHANGELOG.md` },
    ],
    sidebar: [
      ...Object.entries(GROUPS).map(([text, group], at) => ({
        text,
        items: [...group, ...(at === Object.keys(GROUPS).length - 1 ? unnamed : [])].map(item),
      })),
      { text: 'Decisions', collapsed: true, items: adrs.map(item) },
    ],
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
  },
});
