import { createHash } from 'node:crypto';
import { markup, NOTHING, trusted, type Markup } from './markup.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { PAGE_CSS } from './page-style.ts';

export interface PageParts {
  readonly title: string;
  readonly subtitle: string;
  readonly body: Markup;
  /** Of the program that made it. */
  readonly version: string;
  /** It has charts whose values can be read off. */
  readonly isInteractive: boolean;
  /** What makes it so; default: the script of charts over time. */
  readonly script?: string;
}

/**
 * One file that needs nothing else and asks nobody for anything; its content security policy forbids it to. Every text that is not
 * ours is escaped.
 */
export function wholePage(parts: PageParts): string {
  const { title, subtitle, body, version, isInteractive, script = PAGE_SCRIPT } = parts;
  return markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy(script)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${title} – Inferometer report</title>
        <style>${trusted(PAGE_CSS)}</style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <p class="muted">${subtitle}</p>
        </header>
        <main>${body}</main>
        <footer class="muted">Inferometer ${version}. This file needs no network and asks for none.</footer>
        ${isInteractive ? markup`<script>${trusted(script)}</script>` : NOTHING}
      </body>
    </html> `.markup;
}

/** Nothing may be loaded or sent; of scripts only ours runs. */
function policy(script: string): string {
  const digest = createHash('sha256').update(script, 'utf8').digest('base64');
  return `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`;
}
