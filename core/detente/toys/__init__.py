"""Built-in toy problems with known solutions, for tests, first steps and comparisons with theory.

| toy | what it is | what is known |
|---|---|---|
| dirac, bilinear | one point learns to sit on another, D is linear | the whole trajectory, in closed form |
| linear-quadratic | G is affine, D quadratic, data standard normal | its gradients; tells l2 from r1 |
| ring, grid | 8 and 25 Gaussians in the plane | the scores of a perfect sampler |
| pair | a sample of two linked leaves | mean and covariance |
| critics | sub-critics whose logits have different shapes | mean and covariance |
| tokens | soft one-hot symbols and a critic with an embedding | mean and covariance |

Each registers a domain, data and a model under the toy's name.
"""
