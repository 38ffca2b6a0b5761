import { answerText, asciiJson } from './answer-frames.ts';
import { TritonFrames } from './triton-frames.ts';

/** Answers as the infer API of KServe v2 sends them: a tensor of one text. It doesn't stream. */
export class KserveFrames extends TritonFrames {
  override body(tokens: number): string {
    const output = { name: 'text_output', datatype: 'BYTES', shape: [1, 1], data: [answerText(tokens)] };
    return asciiJson({ model_name: 'mock', model_version: '1', outputs: [output] });
  }
}
