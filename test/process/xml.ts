import { SaxesParser } from 'saxes';

/** An element of XML as a reader of JUnit files sees it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
}

/** The root of a well-formed document; throws for any other. */
export function parseXml(text: string): XmlElement {
  const document = { name: '', attributes: {}, children: [] as XmlElement[] };
  const open = [document];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element = { name, attributes, children: [] };
    open.at(-1)!.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => open.pop());
  parser.write(text).close();
  return document.children[0]!;
}
