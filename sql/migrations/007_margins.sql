-- Half of the 95 % interval of a mean, by Student's t; NULL with fewer than five calls, where it would reach beyond
-- what the figure can be at all: of two calls it is nine times their standard deviation.
-- Beyond 30 degrees of freedom the quantile is Cornish and Fisher's expansion, right to four decimals.
CREATE OR REPLACE MACRO margin(deviation, n) AS CASE WHEN n >= 5 THEN deviation / sqrt(n) * CASE WHEN n <= 31
    THEN ([12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
           2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
           2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423])[(n - 1)::INTEGER]
    ELSE 1.95996 + 2.37227 / (n - 1) + 2.8225 / ((n - 1) * (n - 1)) END END;
