//! Declares a row and what is written with its columns, so that these are named once.

/// Declares [`super::upload_row::UploadRow`] and what is written with its columns: they are named once, where this is
/// used. First those that an announcement fills, for good or until a change; then those that stay empty until something
/// has happened, half of every new row. A change writes all that may change, but for what is settled by itself.
macro_rules! upload_row {
    (
        announced { $($column:ident: $rust:ty => $postgres:literal,)* }
        changing { $($changing:ident: $changing_rust:ty => $changing_postgres:literal,)* }
        later { $($later:ident: Option<$later_rust:ty> => $later_postgres:literal,)* }
        settled { $($settled:ident: Option<$settled_rust:ty> => $settled_postgres:literal,)* }
    ) => {
        /// A row as the databases have it.
        #[derive(Debug, Clone, sqlx::FromRow)]
        pub(super) struct UploadRow {
            $(pub $column: $rust,)*
            $(pub $changing: $changing_rust,)*
            $(pub $later: Option<$later_rust>,)*
            $(pub $settled: Option<$settled_rust>,)*
        }

        impl UploadRow {
            /// The columns that an announcement fills, and PostgreSQL's types of them.
            pub(super) const ANNOUNCED: &[(&str, &str)] = &[
                $((stringify!($column), $postgres),)*
                $((stringify!($changing), $changing_postgres),)*
            ];
            /// All columns, those first.
            pub(super) const COLUMNS: &[(&str, &str)] = &[
                $((stringify!($column), $postgres),)*
                $((stringify!($changing), $changing_postgres),)*
                $((stringify!($later), $later_postgres),)*
                $((stringify!($settled), $settled_postgres),)*
            ];
            /// The columns that a change writes.
            pub(super) const SAVED: &[&str] = &[$(stringify!($changing),)* $(stringify!($later),)*];

            /// A row of all columns, in order.
            pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
                let mut columns = 0..;
                let mut next = || columns.next().unwrap_or(usize::MAX);
                Ok(Self {
                    $($column: row.get(next())?,)*
                    $($changing: row.get(next())?,)*
                    $($later: row.get(next())?,)*
                    $($settled: row.get(next())?,)*
                })
            }

            /// Whether it is only announced: all columns but those of an announcement are empty.
            pub(super) fn is_only_announced(&self) -> bool {
                true $(&& self.$later.is_none())* $(&& self.$settled.is_none())*
            }

            /// Binds every column, or those of an announcement alone, in order, to an SQLite statement.
            pub(super) fn bind_to(
                &self,
                statement: &mut rusqlite::Statement<'_>,
                is_only_announced: bool,
            ) -> rusqlite::Result<()> {
                let mut numbers = 1..;
                let mut next = || numbers.next().unwrap_or(usize::MAX);
                $(statement.raw_bind_parameter(next(), &self.$column)?;)*
                $(statement.raw_bind_parameter(next(), &self.$changing)?;)*
                if !is_only_announced {
                    $(statement.raw_bind_parameter(next(), &self.$later)?;)*
                    $(statement.raw_bind_parameter(next(), &self.$settled)?;)*
                }
                Ok(())
            }

            /// Binds what [`Self::save_statement`] writes, and of which version of which upload, in SQLite.
            pub(super) fn bind_change_to_sqlite(
                &self,
                statement: &mut rusqlite::Statement<'_>,
            ) -> rusqlite::Result<()> {
                let mut numbers = 1..;
                let mut next = || numbers.next().unwrap_or(usize::MAX);
                $(statement.raw_bind_parameter(next(), &self.$changing)?;)*
                $(statement.raw_bind_parameter(next(), &self.$later)?;)*
                statement.raw_bind_parameter(next(), &self.tenant)?;
                statement.raw_bind_parameter(next(), &self.id)?;
                statement.raw_bind_parameter(next(), self.version)
            }

            /// The same in PostgreSQL.
            pub(super) fn bind_change_to_postgres<'q>(
                self,
                statement: Query<'q, Postgres, PgArguments>,
            ) -> Query<'q, Postgres, PgArguments> {
                let statement = statement$(.bind(self.$changing))* $(.bind(self.$later))*;
                statement.bind(self.tenant).bind(self.id).bind(self.version)
            }
        }

        /// Many rows, column by column, as PostgreSQL's `UNNEST` takes them.
        #[derive(Debug, Default)]
        pub(super) struct UploadColumns {
            $($column: Vec<$rust>,)*
            $($changing: Vec<$changing_rust>,)*
            $($later: Vec<Option<$later_rust>>,)*
            $($settled: Vec<Option<$settled_rust>>,)*
        }

        impl UploadColumns {
            /// Appends a row.
            pub(super) fn push(&mut self, row: UploadRow) {
                $(self.$column.push(row.$column);)*
                $(self.$changing.push(row.$changing);)*
                $(self.$later.push(row.$later);)*
                $(self.$settled.push(row.$settled);)*
            }

            /// Binds every column, or those of an announcement alone, in order, to a PostgreSQL statement.
            pub(super) fn bind_to<'q>(
                self,
                statement: Query<'q, Postgres, PgArguments>,
                is_only_announced: bool,
            ) -> Query<'q, Postgres, PgArguments> {
                let statement = statement$(.bind(self.$column))* $(.bind(self.$changing))*;
                if is_only_announced {
                    return statement;
                }
                statement$(.bind(self.$later))* $(.bind(self.$settled))*
            }
        }
    };
}

pub(super) use upload_row;
