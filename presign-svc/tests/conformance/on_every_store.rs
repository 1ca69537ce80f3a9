//! The laws of the object store port, on every store Windlass is meant to work with: the embedded one,
//! and Garage, a real S3 server in a process of its own.

/// A test of every law on one store.
macro_rules! laws {
    ($on_store:path) => {
        laws! { $on_store =>
            signed: a_put_takes_exactly_what_was_signed;
            signed: t09_t14_a_put_with_other_bytes_length_type_or_key_stores_nothing;
            signed: t12_an_object_cannot_be_replaced_where_the_store_can_prevent_it;
            signed: an_expired_url_is_refused;
            signed: a_get_answers_as_it_was_signed_and_nothing_else;
            signed: keys_of_any_script_are_signed_as_the_store_reads_them;
            multipart: parts_sent_by_signed_urls_become_the_object;
            multipart: a_part_is_bound_to_its_size_number_and_checksum;
            multipart: f38_more_parts_than_a_page_holds_are_all_listed;
            multipart: f32_a_wrong_list_of_parts_leaves_the_upload_open;
            multipart: a_small_part_is_told_where_the_store_minds;
            multipart: the_checksum_of_the_whole_is_held_against_it;
            multipart: completing_again_is_no_second_object;
            multipart: an_aborted_upload_is_gone_and_may_be_aborted_again;
            objects: a_missing_object_is_told_as_such_and_may_be_deleted;
            objects: ranges_end_where_the_object_does;
            objects: a_replaced_object_is_not_read_as_the_old_one;
            objects: the_bucket_is_checked_with_our_own_credentials;
            written: what_lies_below_a_prefix_is_listed_with_its_size;
            written: an_object_from_memory_is_held_against_its_checksum;
            written: parts_from_memory_and_from_objects_become_one_object;
        }
    };
    ($on_store:path => $($room:ident: $law:ident;)*) => {
        $(
            #[tokio::test]
            async fn $law() -> anyhow::Result<()> {
                $on_store(async |bucket: &crate::bucket::Bucket| crate::laws::$room::$law(bucket).await).await
            }
        )*
    };
}

mod embedded {
    laws!(crate::bucket::on_embedded_store);
}

mod garage {
    laws!(crate::bucket::on_garage);
}
