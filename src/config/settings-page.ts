import { settingOf, type SettingGroup } from './flags.ts';
import { defaultText, type Leaf, type SettingTree } from './settings/setting.ts';
import { SETTING_TABLE } from './settings/table.ts';

/** In the order of help. */
const TITLES: Readonly<Record<SettingGroup, string>> = {
  requests: 'Server and requests',
  load: 'Load',
  client: 'Client',
  output: 'Progress, results and judgment',
};

interface Listed {
  readonly path: string;
  readonly leaf: Leaf;
}

/** The part of docs/configuration.md that lists every setting, as Markdown. */
export function settingsPage(): string {
  const all = leavesOf(SETTING_TABLE, []);
  const sections = Object.entries(TITLES).map(([group, title]) => {
    const listed = all.filter(({ path }) => settingOf(path)?.group === group);
    return `### ${title}\n\n${listed.map(entryOf).join('\n')}\n`;
  });
  return [...sections, `### In files only\n\n${listsOf(SETTING_TABLE).join('\n')}\n`].join('\n');
}

function leavesOf(tree: SettingTree, parents: readonly string[]): readonly Listed[] {
  return Object.entries(tree).flatMap(([key, entry]) => {
    const keys = [...parents, key];
    if (entry.kind === 'list') return [];
    return entry.kind === 'group' ? leavesOf(entry.settings, keys) : [{ path: keys.join('.'), leaf: entry }];
  });
}

/** Those of groups that are lists, with what each item has of its own; its other keys are those of the run. */
function listsOf(tree: SettingTree): readonly string[] {
  return Object.entries(tree).flatMap(([key, entry]) => {
    if (entry.kind !== 'list') return [];
    const items = Object.entries(entry.settings);
    const own = items.flatMap(([name, item]) =>
      item.kind === 'setting' && 'form' in item.about ? [{ name, item }] : [],
    );
    const others = items
      .filter(([name]) => own.every((one) => one.name !== name))
      .map(([name]) => `\`${name}\``);
    return [
      `- **\`${key}\`** (list): ${escaped(entry.help)}. Each item has`,
      ...own.map(({ name, item }) => {
        const told = defaultText(item.about, item.value, item.type).trim();
        return `  - **\`${name}\`** (${item.type.title}): ${escaped(item.about.help)}.${told === '' ? '' : ` Default: ${told}`}`;
      }),
      `  - ${others.join(', ')}: as above.`,
    ];
  });
}

function entryOf({ path, leaf }: Listed): string {
  const { about, type, value } = leaf;
  const { flag, argument, environment } = settingOf(path)!;
  const form = 'form' in about ? about.form : `${flag} ${argument}`.trim();
  const names = [form, environment, ...aliasFlags(leaf)].map((name) => `\`${name}\``);
  const told = defaultText(about, value, type).replace(/^[:,;]?\s*/, '');
  const isSwitchOff = 'argument' in about && about.argument === '' && value === false;
  const held = isSwitchOff ? 'off' : told;
  return [
    `- **\`${path}\`** (${type.title}): ${escaped(about.help)}.`,
    `  ${names.join(' · ')}${held === '' ? '' : ` · default: ${escaped(held)}`}`,
  ].join('\\\n');
}

function aliasFlags({ about }: Leaf): readonly string[] {
  return 'aliases' in about ? (about.aliases ?? []).map(({ flag }) => flag) : [];
}

/** Text as Markdown shows it; a path of the docs becomes a link. */
function escaped(text: string): string {
  return text.replace(/[*<[\]]/g, '\\$&').replace(/docs\/([a-z-]+\.md)/g, '[docs/$1]($1)');
}
