-- A resource failed: $1 provider, $2 kind, $3 name, $4 the fault, $5 how many in a row close it (never when null), $6
-- for how long, $7 for how long at most (both in microseconds), $8 the time (the database's own when null).
-- The rule is that of core: what fails while the resource rests was asked before. It is not counted, and not even
-- written unless it closes the resource for longer.
WITH clock AS (
    SELECT coalesce($8::timestamptz, now()) AS now
),
failed AS (
    INSERT INTO resources AS r (provider, kind, name, failures, fault, failed_at, closed_since, closed_until)
    SELECT $1, $2, $3, 1, $4, now,
        CASE WHEN 1 >= $5::bigint THEN now END,
        CASE WHEN 1 >= $5::bigint THEN now + $6::bigint * interval '1 microsecond' END
    FROM clock
    ON CONFLICT (provider, kind, name) DO UPDATE SET
        (failures, fault, failed_at, probing_until, closed_since, closed_until, closed_by, closed_why) = (
            SELECT counted, excluded.fault, now,
                CASE WHEN rests THEN r.probing_until END,
                CASE WHEN closes AND (r.closed_since IS NULL OR over) THEN now ELSE r.closed_since END,
                CASE WHEN closes AND (r.closed_by IS NULL OR over) THEN greatest(r.closed_until, now + CASE
                    WHEN rests THEN $6::bigint
                    ELSE least($6::bigint * 2 ^ least(counted - $5::bigint, 16), greatest($6::bigint, $7::bigint))
                END * interval '1 microsecond') ELSE r.closed_until END,
                CASE WHEN closes AND over THEN NULL ELSE r.closed_by END,
                CASE WHEN closes AND over THEN NULL ELSE r.closed_why END
            FROM (
                SELECT *, $5::bigint IS NOT NULL AND (rests OR counted >= $5::bigint) AS closes
                FROM (
                    SELECT now, over, rests, CASE WHEN rests THEN r.failures ELSE r.failures + 1 END AS counted
                    FROM (
                        SELECT excluded.failed_at AS now,
                            -- A closing by an operator, whose time has passed.
                            coalesce(r.closed_by IS NOT NULL AND r.closed_until <= excluded.failed_at, false) AS over,
                            coalesce(r.closed_since IS NOT NULL AND r.closed_by IS NULL
                                AND r.closed_until > excluded.failed_at, false) AS rests
                    ) AS moment
                ) AS count
            ) AS decided)
    WHERE r.closed_since IS NULL OR r.closed_by IS NOT NULL OR r.closed_until <= excluded.failed_at
        OR $5::bigint IS NOT NULL AND r.closed_until < excluded.failed_at + $6::bigint * interval '1 microsecond'
    RETURNING /*columns*/
)
SELECT * FROM failed
UNION ALL
SELECT /*columns*/ FROM resources AS r
WHERE r.provider = $1 AND r.kind = $2 AND r.name = $3 AND NOT EXISTS (SELECT FROM failed)
