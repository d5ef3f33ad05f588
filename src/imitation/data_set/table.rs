//! Columns of numbers as Arrow arrays, and Parquet files of them.

use super::DataSetError;
use super::features::{Feature, Features};
use crate::durable;
use arrow_array::builder::{Float64Builder, Int64Builder, ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, FixedSizeListArray, Float32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// The Arrow type of a feature's column; None where it has none of the kinds that stand in a table of numbers.
pub(super) fn data_type(feature: &Feature) -> Option<DataType> {
    let element = match feature.dtype.as_str() {
        "float16" => DataType::Float16,
        "float32" => DataType::Float32,
        "float64" => DataType::Float64,
        "int8" => DataType::Int8,
        "int16" => DataType::Int16,
        "int32" => DataType::Int32,
        "int64" => DataType::Int64,
        "uint8" => DataType::UInt8,
        "uint16" => DataType::UInt16,
        "uint32" => DataType::UInt32,
        "uint64" => DataType::UInt64,
        "bool" => DataType::Boolean,
        "string" => DataType::Utf8,
        _ => return None,
    };
    match feature.shape[..] {
        [1] | [] => Some(element),
        [width] => Some(DataType::FixedSizeList(Arc::new(Field::new_list_field(element, true)), width as i32)),
        _ => None,
    }
}

/// The Arrow schema of a data set's frames.
pub(super) fn schema(features: &Features) -> Option<SchemaRef> {
    let fields: Option<Vec<Field>> = features.0.iter().map(|(name, feature)| Some(Field::new(name, data_type(feature)?, true))).collect();
    Some(Arc::new(Schema::new(fields?)))
}

/// Rows of `width` numbers: a plain column where `width` is 1.
pub(super) fn floats(width: usize, values: Vec<f32>) -> ArrayRef {
    let values = Arc::new(Float32Array::from(values));
    if width == 1 {
        return values;
    }
    Arc::new(FixedSizeListArray::new(Arc::new(Field::new_list_field(DataType::Float32, true)), width as i32, values, None))
}

pub(super) fn longs(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

pub(super) fn bools(values: Vec<bool>) -> ArrayRef {
    Arc::new(BooleanArray::from(values))
}

pub(super) fn strings<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// A list of any length for each row.
pub(super) fn float_lists<'a>(rows: impl IntoIterator<Item = &'a [f64]>) -> ArrayRef {
    let mut builder = ListBuilder::new(Float64Builder::new());
    for row in rows {
        builder.values().append_slice(row);
        builder.append(true);
    }
    Arc::new(builder.finish())
}

pub(super) fn long_lists<'a>(rows: impl IntoIterator<Item = &'a [i64]>) -> ArrayRef {
    let mut builder = ListBuilder::new(Int64Builder::new());
    for row in rows {
        builder.values().append_slice(row);
        builder.append(true);
    }
    Arc::new(builder.finish())
}

pub(super) fn string_lists<'a>(rows: impl IntoIterator<Item = &'a [String]>) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for row in rows {
        row.iter().for_each(|text| builder.values().append_value(text));
        builder.append(true);
    }
    Arc::new(builder.finish())
}

/// The column `name`, or a sentence.
pub(super) fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, String> {
    batch.column_by_name(name).ok_or_else(|| format!("there is no column `{name}`"))
}

/// Its numbers, row after row, whatever their kind; booleans are 0 and 1. With the width of a row.
pub(super) fn numbers(array: &dyn Array) -> Option<(usize, Vec<f64>)> {
    let flat: Vec<f64> = match array.data_type() {
        DataType::Float32 => array.as_primitive::<Float32Type>().values().iter().map(|value| f64::from(*value)).collect(),
        DataType::Float64 => array.as_primitive::<Float64Type>().values().to_vec(),
        DataType::Int64 => array.as_primitive::<Int64Type>().values().iter().map(|value| *value as f64).collect(),
        DataType::Boolean => array.as_boolean().iter().map(|value| if value == Some(true) { 1.0 } else { 0.0 }).collect(),
        DataType::FixedSizeList(_, width) => {
            let list = array.as_fixed_size_list();
            let (start, width) = (list.value_offset_at(0), *width as usize);
            let (_, values) = numbers(list.values().slice(start, list.len() * width).as_ref())?;
            return Some((width, values));
        }
        _ => return None,
    };
    Some((1, flat))
}

/// Its numbers as `f32`, row after row, with the width of a row.
pub(super) fn read_floats(batch: &RecordBatch, name: &str) -> Result<(usize, Vec<f32>), String> {
    let array = column(batch, name)?;
    let wrong = || format!("the column `{name}` is {}, not numbers of 32 bits", array.data_type());
    let plain = |array: &dyn Array| array.as_primitive_opt::<Float32Type>().map(|array| array.values().to_vec());
    match array.data_type() {
        DataType::FixedSizeList(_, width) => {
            let list = array.as_fixed_size_list();
            let (start, width) = (list.value_offset_at(0), *width as usize);
            let values = list.values().slice(start, list.len() * width);
            Ok((width, plain(&values).ok_or_else(wrong)?))
        }
        _ => Ok((1, plain(array).ok_or_else(wrong)?)),
    }
}

/// As [`read_floats`], of numbers of any kind, in lists of fixed or any length, as other tools write them.
pub(in crate::imitation) fn read_numbers(batch: &RecordBatch, name: &str) -> Result<(usize, Vec<f32>), String> {
    let array = column(batch, name)?;
    let wrong = || format!("the column `{name}` is {}, not numbers", array.data_type());
    let (width, values) = match array.data_type() {
        DataType::FixedSizeList(_, width) => {
            let list = array.as_fixed_size_list();
            let (start, width) = (list.value_offset_at(0), *width as usize);
            (width, list.values().slice(start, list.len() * width))
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let offsets = list.value_offsets();
            let width = list.value_length(0) as usize;
            if let Some(row) = (0..list.len()).find(|row| list.value_length(*row) as usize != width) {
                let length = list.value_length(row);
                return Err(format!("the column `{name}` has {width} elements in its first row and {length} in row {row}"));
            }
            (width, list.values().slice(offsets[0] as usize, list.len() * width))
        }
        _ => (1, array.clone()),
    };
    if array.null_count() + values.null_count() > 0 {
        return Err(format!("the column `{name}` has rows without a value"));
    }
    let (_, flat) = numbers(&values).ok_or_else(wrong)?;
    Ok((width, flat.into_iter().map(|value| value as f32).collect()))
}

pub(super) fn read_longs(batch: &RecordBatch, name: &str) -> Result<Vec<i64>, String> {
    let array = column(batch, name)?;
    let longs = array.as_primitive_opt::<Int64Type>();
    Ok(longs.ok_or_else(|| format!("the column `{name}` is {}, not whole numbers of 64 bits", array.data_type()))?.values().to_vec())
}

pub(in crate::imitation) fn read_bools(batch: &RecordBatch, name: &str) -> Result<Vec<bool>, String> {
    let array = column(batch, name)?;
    let bools = array.as_boolean_opt().ok_or_else(|| format!("the column `{name}` is {}, not booleans", array.data_type()))?;
    Ok(bools.iter().map(|value| value == Some(true)).collect())
}

pub(super) fn read_strings(batch: &RecordBatch, name: &str) -> Result<Vec<String>, String> {
    let array = column(batch, name)?;
    let wrong = || format!("the column `{name}` is {}, not text", array.data_type());
    let texts: Vec<Option<&str>> = match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().collect(),
        _ => return Err(wrong()),
    };
    Ok(texts.into_iter().map(|text| text.unwrap_or_default().to_owned()).collect())
}

/// Writes a Parquet file that is whole or absent: a row group for each batch, compressed with Snappy (the one compression that every known
/// reader has), with the Arrow schema inside.
pub(super) fn write(path: &Path, schema: SchemaRef, batches: &[RecordBatch]) -> Result<(), DataSetError> {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties)).map_err(DataSetError::content(path))?;
    for batch in batches {
        writer.write(batch).and_then(|()| writer.flush()).map_err(DataSetError::content(path))?;
    }
    let bytes = writer.into_inner().map_err(DataSetError::content(path))?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(DataSetError::file(folder))?;
    }
    durable::write(path, bytes).map_err(DataSetError::file(path))
}

/// Reads a Parquet file: all rows in one batch, whatever its row groups; no batch where it has no rows.
pub(super) fn read(path: &Path) -> Result<Vec<RecordBatch>, DataSetError> {
    let file = File::open(path).map_err(DataSetError::file(path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(DataSetError::content(path))?;
    let rows = builder.metadata().file_metadata().num_rows();
    let reader = builder.with_batch_size(usize::try_from(rows).unwrap_or(0).max(1)).build().map_err(DataSetError::content(path))?;
    reader.map(|batch| batch.map_err(DataSetError::content(path))).collect()
}

/// Rows and row groups of a Parquet file, as it says at its end: a file that was cut off has none to say.
pub(super) fn size(path: &Path) -> Result<(usize, usize), DataSetError> {
    let file = File::open(path).map_err(DataSetError::file(path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(DataSetError::content(path))?;
    let rows = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
    Ok((rows, builder.metadata().num_row_groups()))
}
