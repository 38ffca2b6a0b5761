import { isJsonObject, type JsonObject, jsonObjectIn } from '../../protocol/json.ts';

/** A model as a server lists it. */
export interface ListedModel {
  readonly id: string;
  /** Such as `vllm`: many servers name themselves here. */
  readonly ownedBy: string | undefined;
  /** Tokens of prompt and output together. */
  readonly maxTokens: number | undefined;
}

/**
 * The models in what a server answered: OpenAI's and Anthropic's `data`, Ollama's `models`, `model_id` of TGI, `model_path` of SGLang and
 * llama.cpp. Undefined for a body that is no such list.
 */
export function modelsIn(body: Uint8Array): readonly ListedModel[] | undefined {
  const found = jsonObjectIn(body, 0, body.length);
  if (found === undefined) return undefined;
  const listed = Array.isArray(found.data) ? found.data : found.models;
  if (Array.isArray(listed)) return (listed as readonly unknown[]).filter(isJsonObject).flatMap(modelOf);
  const single = found.model_id ?? found.model_path;
  return typeof single === 'string' ? [{ id: single, ownedBy: undefined, maxTokens: undefined }] : undefined;
}

function modelOf(model: JsonObject): readonly ListedModel[] {
  const id = model.id ?? model.name ?? model.model;
  if (typeof id !== 'string' || id === '') return [];
  const { owned_by: ownedBy, meta } = model;
  const length = model.max_model_len ?? model.context_length ?? (isJsonObject(meta) && meta.n_ctx_train);
  return [
    {
      id,
      ownedBy: typeof ownedBy === 'string' ? ownedBy : undefined,
      maxTokens: typeof length === 'number' ? length : undefined,
    },
  ];
}
