-- What makes two names of an agent, a queue or a customer the same: upper and lower case, spaces, and how accents are
-- composed don't count.
CREATE MACRO name_key(name) AS lower(trim(regexp_replace(nfc_normalize(name), '[\s\pZ]+', ' ', 'g')));
