-- Which limits are behind the figures of the reports?
SELECT dead_air_from_s() AS dead_air_from_s, worse_by() AS worse_by, likely_from() AS likely_from
