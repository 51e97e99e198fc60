-- What makes two names of an agent, a queue or a customer the same: upper and lower case and spaces don't count.
CREATE MACRO name_key(name) AS lower(trim(regexp_replace(name, '\s+', ' ', 'g')));
