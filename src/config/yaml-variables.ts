import { isScalar, parseDocument, type Scalar } from 'yaml';

/** How a file refers to variables. */
export interface VariableStyle {
  /** Finds references; the groups are `name` or `bare`, `fallback`, and `escaped` for text that is none. */
  readonly pattern: RegExp;
  /** Whether an empty variable counts as set where there is a default. */
  readonly takesEmpty: boolean;
}

/** `${NAME}` and, for one that is not set or empty, `${NAME:-default}`; `$${` is `${` itself. */
export const PLAIN_VARIABLES: VariableStyle = {
  pattern: /\$(?<escaped>\$\{)|\$\{(?<name>[A-Za-z_]\w*)(?::-(?<fallback>[^}]*))?\}|(?<broken>\$\{)/g,
  takesEmpty: false,
};

/** As MLCommons endpoints has them: also `$NAME`, and an empty variable counts as set; `$$` is `$`. */
export const THEIR_VARIABLES: VariableStyle = {
  pattern:
    /(?<!\$)\$(?:\{(?<name>[A-Za-z_]\w*)(?::-(?<fallback>[^}]*))?\}|(?<bare>[A-Za-z_]\w*))|\$(?<escaped>\$)/g,
  takesEmpty: true,
};

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Replaces the variables in a value. In text without quotes the result is what YAML makes of it: `${N}` can be a number. Returns what is
 * wrong instead of doing so.
 */
export function withVariables(
  scalar: Scalar,
  environment: Environment,
  style: VariableStyle,
): string | undefined {
  const { value } = scalar;
  if (typeof value !== 'string' || !value.includes('$')) return undefined;
  let fault: string | undefined;
  const replaced = value.replace(style.pattern, (...given: unknown[]) => {
    const {
      escaped,
      bare,
      name = bare,
      fallback,
    } = given.at(-1) as Readonly<Record<string, string | undefined>>;
    if (escaped !== undefined) return escaped;
    if (name === undefined) {
      fault ??= 'a variable must be ${NAME} or ${NAME:-default}; $${ stands for ${ itself';
      return '';
    }
    const text = environment[name];
    if (text !== undefined && (text !== '' || style.takesEmpty || fallback === undefined)) return text;
    if (fallback === undefined)
      fault ??= `the variable ${name} is not set; set it, or give a default as in \${${name}:-default}`;
    return fallback ?? '';
  });
  if (fault === undefined) scalar.value = replaced === value ? value : typed(replaced, scalar);
  return fault;
}

/** Text without quotes and tag that looks like a number, true or false is that. */
function typed(text: string, { type, tag }: Scalar): unknown {
  if (type !== 'PLAIN' || tag !== undefined) return text;
  const { contents } = parseDocument(text);
  const value = isScalar(contents) ? contents.value : undefined;
  return typeof value === 'number' || typeof value === 'boolean' ? value : text;
}

/** The same settings with their text escaped, so that reading them as a file gives them back. */
export function escapeVariables(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${');
  if (Array.isArray(value)) return value.map(escapeVariables);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escapeVariables(item)]));
}
