// The step of action.yml that comments on the pull request. It keeps one comment for each run folder, known by a marker at its start, and touches no comment of another
// workflow, all of which are by the same bot. Reads TOKEN, PULL_REQUEST, SUMMARY and OUT, and GITHUB_API_URL and GITHUB_REPOSITORY of the runner. It never fails
// the job: for a pull request from a fork the token may only read.
import { readFileSync } from 'node:fs';

const { TOKEN, PULL_REQUEST, SUMMARY, OUT, GITHUB_API_URL, GITHUB_REPOSITORY } = process.env;
const AUTHOR = 'github-actions[bot]';
const PAGE_SIZE = 100;
const TIMEOUT_MS = 30_000;
const marker = `<!-- inferometer:${OUT} -->`;
const issues = `${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}/issues`;

try {
  const earlier = await earlierComment();
  const body = `${marker}\n${readFileSync(SUMMARY, 'utf8')}`;
  if (earlier === undefined) await request('POST', `${issues}/${PULL_REQUEST}/comments`, { body });
  else await request('PATCH', `${issues}/comments/${earlier.id}`, { body });
} catch (error) {
  console.log(`::warning::could not comment on the pull request: ${escaped(error.message)}`);
}

async function earlierComment() {
  for (let page = 1; ; page++) {
    const url = `${issues}/${PULL_REQUEST}/comments?per_page=${PAGE_SIZE}&page=${page}`;
    const comments = await request('GET', url);
    const found = comments.find(({ user, body }) => user?.login === AUTHOR && body?.startsWith(marker));
    if (found !== undefined || comments.length < PAGE_SIZE) return found;
  }
}

async function request(method, url, content) {
  const response = await fetch(url, {
    method,
    headers: { accept: 'application/vnd.github+json', authorization: `Bearer ${TOKEN}` },
    body: content === undefined ? undefined : JSON.stringify(content),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** As a runner reads the message of a command. */
function escaped(text) {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
