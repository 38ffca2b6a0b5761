import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ModelPlan } from './model-plan.ts';

test('gives each model its share of every hundred, to within one, and the same to whoever asks', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.01, max: 10, noNaN: true }), { minLength: 1, maxLength: 6 }),
      fc.nat(),
      fc.integer({ min: 1, max: 7 }),
      (weights, seed, workers) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const plan = new ModelPlan(weights, seed);
        const models = Array.from({ length: 700 }, (_, number) => plan.modelOf(number));
        for (let block = 0; block < 7; block++) {
          const part = models.slice(100 * block, 100 * (block + 1));
          for (const [model, weight] of weights.entries()) {
            const count = part.filter((one) => one === model).length;
            expect(Math.abs(count - (100 * weight) / total)).toBeLessThan(1 + 1e-9);
          }
        }
        const shares = Array.from({ length: workers }, () => new ModelPlan(weights, seed));
        expect(models.map((_, number) => shares[number % workers]!.modelOf(number))).toEqual(models);
        const backwards = new ModelPlan(weights, seed);
        const numbers = models.map((_, number) => 699 - number);
        expect(numbers.map((number) => backwards.modelOf(number)).reverse()).toEqual(models);
      },
    ),
  );
});

test('has exact shares where a hundred can have them, in another order for another seed and block', () => {
  const order = (seed: number) => {
    const plan = new ModelPlan([0.8, 0.2], seed);
    return Array.from({ length: 200 }, (_, number) => plan.modelOf(number));
  };
  const models = order(1);
  expect(models.slice(0, 100).filter((model) => model === 1)).toHaveLength(20);
  expect(models.slice(0, 100)).not.toEqual(models.slice(100));
  expect(order(2)).not.toEqual(models);
});

test('is fair over many blocks where a hundred cannot', () => {
  const plan = new ModelPlan([1, 1, 1], 5);
  const counts = [0, 0, 0];
  for (let number = 0; number < 100_000; number++) counts[plan.modelOf(number)]! += 1;
  for (const count of counts) expect(Math.abs(count - 100_000 / 3)).toBeLessThan(60);
});
